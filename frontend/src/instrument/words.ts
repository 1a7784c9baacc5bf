/** MIDI messages in words, as impsy.mapping.words has them. */

const CHANNEL: Record<number, readonly [name: string, ...data: string[]]> = {
  0x80: ["note off", "note", "velocity"],
  0x90: ["note on", "note", "velocity"],
  0xa0: ["key aftertouch", "note", "pressure"],
  0xb0: ["control change", "controller", "value"],
  0xc0: ["program change", "program"],
  0xd0: ["channel aftertouch", "pressure"],
  0xe0: ["pitch bend", "fine", "coarse"],
};

const SYSTEM: Record<number, string> = {
  0xf0: "system exclusive",
  0xf1: "time code",
  0xf2: "song position",
  0xf3: "song select",
  0xf6: "tune request",
  0xf7: "end of system exclusive",
  0xf8: "clock",
  0xfa: "start",
  0xfb: "continue",
  0xfc: "stop",
  0xfe: "active sensing",
  0xff: "reset",
};

const NOTES = ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"];

/** The name of a note 0-127, where 60 is C4. */
const nameOf = (note: number): string => `${NOTES[note % 12]}${Math.floor(note / 12) - 1}`;

/** One complete message in words: `channel 1: note on, note 60 (C4), velocity 100`. */
export function describeMidi(message: readonly number[]): string {
  const [status = 0, ...data] = message;
  if (status < 0x80) return "not a MIDI message";
  if (status >= 0xf0) return SYSTEM[status] ?? "an undefined system message";
  const [name, ...parts] = CHANNEL[status & 0xf0]!;
  const channel = `channel ${(status & 0x0f) + 1}`;
  if (data.length !== parts.length || data.some((byte) => byte > 127)) return `${channel}: a damaged ${name}`;
  if (name === "pitch bend") return `${channel}: pitch bend, value ${data[1]! * 128 + data[0]!}`;
  const words = parts.map((part, place) =>
    part === "note" ? `note ${data[place]} (${nameOf(data[place]!)})` : `${part} ${data[place]}`,
  );
  return `${channel}: ${name}, ${words.join(", ")}`;
}
