/** Sounds that are made sample by sample, once: the echo of a room, and a plucked string. The same every time. */

/** Uniform in [-1, 1), the same sequence for the same seed (mulberry32, a public-domain generator). */
export function noise(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

/**
 * One ear's impulse response of a room: noise that fades by 60 dB in `seconds` and loses its treble while it does, after a few
 * early reflections. Its energy is 1.
 */
export function room(sampleRate: number, seconds: number, seed: number): Float32Array<ArrayBuffer> {
  const length = Math.round(sampleRate * seconds);
  const samples = new Float32Array(length);
  const next = noise(seed);
  const fade = Math.exp(Math.log(0.001) / length);
  const soft = Math.round(sampleRate * 0.03);
  let level = 1;
  let treble = 0;
  for (let at = 0; at < length; at += 1) {
    // From 0.75 (bright) to 0.04 (dark): a one-pole lowpass that closes.
    const open = 0.04 + 0.71 * (1 - at / length) ** 3;
    treble += open * (next() - treble);
    samples[at] = treble * level * Math.min(1, at / soft);
    level *= fade;
  }
  for (let reflection = 0; reflection < 6; reflection += 1) {
    const at = Math.round(sampleRate * (0.007 + 0.05 * ((next() + 1) / 2)));
    if (at < length) samples[at]! += 0.25 * next();
  }
  let energy = 0;
  for (const sample of samples) energy += sample * sample;
  const scale = 1 / Math.sqrt(energy);
  for (let at = 0; at < length; at += 1) samples[at]! *= scale;
  return samples;
}

/**
 * A plucked string (Karplus & Strong, "Digital synthesis of plucked-string and drum timbres", 1983): noise that runs
 * round a delay line of one period and is smoothed at each turn. Peak 1. `rate` is what to play it at: a delay is whole samples
 * long, so its pitch is a little off.
 */
export function string(
  sampleRate: number,
  hertz: number,
  seconds: number,
): { samples: Float32Array<ArrayBuffer>; rate: number } {
  const period = Math.max(2, Math.round(sampleRate / hertz - 0.5));
  const samples = new Float32Array(Math.round(sampleRate * seconds));
  const line = new Float32Array(period);
  const next = noise(period);
  let soft = 0;
  for (let at = 0; at < period; at += 1) {
    soft += 0.55 * (next() - soft);
    line[at] = soft;
  }
  // Plucked at a fifth of its length, a string lacks every fifth partial; and its middle is zero.
  const place = Math.max(1, Math.round(period / 5));
  const plucked = line.map((sample, at) => sample - line[(at + period - place) % period]!);
  const middle = plucked.reduce((sum, sample) => sum + sample, 0) / period;
  for (let at = 0; at < period; at += 1) line[at] = plucked[at]! - middle;
  // High strings turn more often: they lose less at each turn, or they would be over at once.
  const kept = Math.exp(Math.log(0.001) / (hertz * Math.min(seconds, 0.6 + 160 / hertz)));
  let peak = 0;
  let before = 0;
  for (let at = 0; at < samples.length; at += 1) {
    const now = line[at % period]!;
    line[at % period] = kept * 0.5 * (now + before);
    before = now;
    samples[at] = now;
    peak = Math.max(peak, Math.abs(now));
  }
  const end = Math.min(samples.length, Math.round(sampleRate * 0.02));
  for (let at = 0; at < samples.length; at += 1) {
    samples[at]! *= Math.min(1, (samples.length - at) / end) / (peak || 1);
  }
  return { samples, rate: hertz / (sampleRate / (period + 0.5)) };
}
