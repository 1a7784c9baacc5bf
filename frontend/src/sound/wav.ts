/** WAV files (RIFF, linear PCM), whole or piece by piece. */

export type Bits = 16 | 24;

export const HEADER_BYTES = 44;
/** What the sizes in the header can say. */
export const MOST_BYTES = 0xffffffff - HEADER_BYTES;

/** The header of a file with so many frames (a sample of each channel). */
export function wavHeader(frames: number, channels: number, rate: number, bits: Bits): Uint8Array<ArrayBuffer> {
  const block = (channels * bits) / 8;
  const size = frames * block;
  if (size > MOST_BYTES) throw new RangeError("A WAV file has 4 GB at most.");
  const view = new DataView(new ArrayBuffer(HEADER_BYTES));
  const word = (at: number, text: string) =>
    [...text].forEach((c, index) => view.setUint8(at + index, c.charCodeAt(0)));
  word(0, "RIFF");
  view.setUint32(4, HEADER_BYTES - 8 + size, true);
  word(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * block, true);
  view.setUint16(32, block, true);
  view.setUint16(34, bits, true);
  word(36, "data");
  view.setUint32(40, size, true);
  return new Uint8Array(view.buffer);
}

/** Samples (-1 to 1, clipped beyond; what is no number is silence) of all channels, interleaved, little-endian. */
export function pcm(channels: readonly Float32Array[], bits: Bits): Uint8Array<ArrayBuffer> {
  const frames = channels[0]?.length ?? 0;
  const bytes = bits / 8;
  const written = new Uint8Array(frames * channels.length * bytes);
  const highest = 2 ** (bits - 1) - 1;
  let at = 0;
  for (let frame = 0; frame < frames; frame += 1) {
    for (const channel of channels) {
      const sample = channel[frame]!;
      const value = Math.round((Number.isFinite(sample) ? Math.max(-1, Math.min(1, sample)) : 0) * highest);
      for (let byte = 0; byte < bytes; byte += 1) written[at++] = (value >> (8 * byte)) & 0xff;
    }
  }
  return written;
}
