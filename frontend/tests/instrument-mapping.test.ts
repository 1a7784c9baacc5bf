import { describe, expect, it } from "vitest";
import { MappingError, parseEntry, parseMapping } from "../src/instrument/mapping/entries";
import { InputMapping } from "../src/instrument/mapping/input";
import { OutputMapping } from "../src/instrument/mapping/output";
import { SeededRandom } from "../src/instrument/random";
import { MAPPING_KINDS } from "../src/instrument/tables";
import type { Json } from "../src/protocol";

describe("an entry", () => {
  it("is read as a configuration writes it", () => {
    expect(parseEntry(["control_change", 1, 7])).toMatchObject({ kind: "control_change", channel: 1, controller: 7 });
    expect(parseEntry(["control_change", 2, 7, 127, 0])).toMatchObject({ minimum: 127, maximum: 0 });
    expect(parseEntry(["note_on", 16, 90])).toMatchObject({ kind: "note_on", channel: 16, velocity: 90 });
  });

  it.each<[Json, string]>([
    [["control_change", 0, 7], "wanted channel 1-16"],
    [["control_change", 1, 7.5], "wanted controller 0-127, a whole number"],
    [["control_change", 1, 7, 3], 'wanted ["control_change", channel, controller] or'],
    [["note_velocity", 1, 2], 'wanted ["note_velocity", channel]'],
    [["knob", 1], "wanted one of note_on, note_velocity"],
    [["pitch_bend", "1"], 'wanted ["pitch_bend", channel]'],
    [null, "wanted one of"],
  ])("%j is refused: %s", (entry, wanted) => {
    expect(() => parseEntry(entry)).toThrow(wanted);
  });

  it("of any form is read or refused with a sentence", () => {
    const random = new SeededRandom(11);
    const whole = (most: number) => Math.floor(most * random.uniform());
    const odd: Json[] = [null, true, "", "note_on", -1, 0.5, 1e300, [], {}, [[1]]];
    const pick = <T>(from: readonly T[]): T => from[whole(from.length)]!;
    for (let turn = 0; turn < 1000; turn += 1) {
      const numbers = Array.from({ length: whole(6) }, () => (random.uniform() < 0.2 ? pick(odd) : whole(140) - 2));
      const entry =
        random.uniform() < 0.1 ? pick(odd) : [pick([...MAPPING_KINDS.map(({ kind }) => kind), "x"]), ...numbers];
      try {
        new OutputMapping(parseMapping([entry])).encode([random.uniform()]);
      } catch (error) {
        expect(error).toBeInstanceOf(MappingError);
      }
    }
  });
});

describe("any bytes", () => {
  it("are heard or ignored", () => {
    const random = new SeededRandom(12);
    const mapping = new InputMapping(parseMapping([["note_on", 1], ["control_change_14", 1, 3], ["pitch_bend", 2]]).entries()); // prettier-ignore
    for (let turn = 0; turn < 2000; turn += 1) {
      const size = Math.floor(5 * random.uniform());
      const message = Uint8Array.from({ length: size }, () => 256 * random.uniform());
      for (const [control, value] of mapping.decode(message) ?? []) {
        expect(control).toBeLessThan(3);
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1);
      }
    }
  });

  it("are not sent for a vector of another length", () => {
    expect(() => new OutputMapping(parseMapping([["note_on", 1]])).encode([0.5, 0.5])).toThrow("2 values");
  });
});
