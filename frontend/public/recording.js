/** Runs in the audio thread: passes on what sounds, some thousand samples at a time. */

const FRAMES = 8192;

class Recording extends AudioWorkletProcessor {
  constructor() {
    super();
    this.begin();
  }

  begin() {
    this.held = [new Float32Array(FRAMES), new Float32Array(FRAMES)];
    this.at = 0;
  }

  process([input]) {
    const frames = input[0]?.length ?? 128;
    for (const [channel, held] of this.held.entries()) {
      const samples = input[channel] ?? input[0];
      if (samples) held.set(samples, this.at);
    }
    this.at += frames;
    if (this.at + frames > FRAMES) {
      const full = this.held.map((samples) => samples.slice(0, this.at));
      this.port.postMessage(full, full.map((samples) => samples.buffer));
      this.begin();
    }
    return true;
  }
}

registerProcessor("recording", Recording);
