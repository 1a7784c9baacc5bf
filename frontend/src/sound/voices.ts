/** Voices that sound now, and not too many of them. */

export interface Sounding {
  /** When it is over by itself. */
  end: number;
  /** End it softly, soon after `when`. */
  stop: (when: number) => void;
}

export class Voices {
  private list: Sounding[] = [];

  constructor(private readonly most: number) {}

  /** A voice begins at `when`; the oldest makes room for it. */
  add(voice: Sounding, when: number): void {
    this.list = this.list.filter((each) => each.end > when);
    while (this.list.length >= this.most) this.list.shift()!.stop(when);
    this.list.push(voice);
  }

  has(voice: Sounding): boolean {
    return this.list.includes(voice);
  }

  /** It goes on: others are older now. */
  touch(voice: Sounding): void {
    this.list = [...this.list.filter((each) => each !== voice), voice];
  }

  /** When the last one is over. */
  get end(): number {
    return this.list.reduce((latest, voice) => Math.max(latest, voice.end), 0);
  }

  stop(when: number): void {
    for (const voice of this.list) voice.stop(when);
    this.list = [];
  }
}

const FADE = 0.02;

/** A voice of sources that end at `end` and an amplitude that all of them go through on their way to `last`. */
export function soundingOf(
  sources: readonly AudioScheduledSourceNode[],
  level: AudioParam,
  last: AudioNode,
  end: number,
): Sounding {
  for (const source of sources) source.stop(end);
  sources[0]!.onended = () => last.disconnect();
  const voice: Sounding = {
    end,
    stop: (when) => {
      voice.end = when + 8 * FADE;
      level.cancelScheduledValues(when);
      level.setTargetAtTime(0, when, FADE);
      for (const source of sources) source.stop(voice.end);
    },
  };
  return voice;
}
