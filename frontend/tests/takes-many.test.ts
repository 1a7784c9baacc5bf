import { describe, expect, it } from "vitest";
import { drawing } from "../src/record/drawing";
import { beside } from "../src/record/saving";
import { NOTHING, clicked, stillThere } from "../src/record/selection";
import { rowsOf } from "../src/sound/rendering";
import { pcm, wavHeader } from "../src/sound/wav";

const SHOWN = ["a", "b", "c", "d"];
const names = (selection: { names: ReadonlySet<string> }) => [...selection.names].sort().join("");

describe("selection", () => {
  it("takes and leaves one", () => {
    const one = clicked(NOTHING, SHOWN, "b", false);
    expect(names(one)).toBe("b");
    expect(names(clicked(one, SHOWN, "b", false))).toBe("");
  });

  it("takes and leaves a range, in both directions", () => {
    const down = clicked(clicked(NOTHING, SHOWN, "b", false), SHOWN, "d", true);
    expect(names(down)).toBe("bcd");
    expect(names(clicked(down, SHOWN, "c", true))).toBe("b");
    expect(names(clicked(clicked(NOTHING, SHOWN, "d", false), SHOWN, "a", true))).toBe("abcd");
  });

  it("takes one where the last is not shown any more", () => {
    const gone = clicked(NOTHING, ["z"], "z", false);
    expect(names(clicked(gone, SHOWN, "c", true))).toBe("cz");
    expect(stillThere(clicked(gone, SHOWN, "c", true), SHOWN)).toEqual(["c"]);
  });
});

describe("WAV", () => {
  it.each([16, 24] as const)("has the header of %i bits", (bits) => {
    const view = new DataView(wavHeader(100, 2, 48_000, bits).buffer);
    const word = (at: number) => String.fromCharCode(...[0, 1, 2, 3].map((index) => view.getUint8(at + index)));
    expect([word(0), word(8), word(12), word(36)]).toEqual(["RIFF", "WAVE", "fmt ", "data"]);
    expect(view.getUint32(40, true)).toBe((100 * 2 * bits) / 8);
    expect(view.getUint32(4, true)).toBe(36 + (100 * 2 * bits) / 8);
    expect(view.getUint32(28, true)).toBe((48_000 * 2 * bits) / 8);
    expect([view.getUint16(20, true), view.getUint16(22, true), view.getUint16(34, true)]).toEqual([1, 2, bits]);
  });

  it("refuses more than its sizes can say", () => {
    expect(() => wavHeader(2 ** 31, 2, 48_000, 24)).toThrow("4 GB");
  });

  it("interleaves, clips, and takes what is no number for silence", () => {
    const bytes = pcm([Float32Array.of(0, 2, NaN), Float32Array.of(-1, -3, 0.5)], 16);
    expect([...new Int16Array(bytes.buffer)]).toEqual([0, -32767, 32767, -32767, 0, 16384]);
    expect([...pcm([Float32Array.of(-1)], 24)]).toEqual([1, 0, 0x80]);
  });
});

describe("the rows of a log", () => {
  const LOG = `2026-09-26T10:00:00.000000,interface,0.1,0.2
# 2026-09-26T10:00:00.5 mark x
nonsense
2026-09-26T10:00:01.500000,rnn,0.3,0.4
2026-09-26T10:00:01.000000,interface,0.5,0.6
2026-09-26T10:00:09.000000,interface,0.5,NaN
2026-09-26T10:00:10.000000,interface,0.7,0.8
`;

  it("are those of both players, in time, and no others", () => {
    const rows = rowsOf(LOG);
    expect(rows.map(({ at }) => at)).toEqual([0, 1.5, 1.5, 10]);
    expect(rows.map(({ who }) => who)).toEqual(["performer", "model", "performer", "performer"]);
  });

  it("are those of a part", () => {
    expect(rowsOf(LOG, 1, 5).map(({ at }) => at)).toEqual([0.5, 0.5]);
    expect(rowsOf("")).toEqual([]);
  });
});

it("names files after their takes", () => {
  expect(beside("2026-09-26T10-00-00-9d-mdrnn.log", "wav")).toBe("2026-09-26T10-00-00-9d.wav");
});

it("draws the shown controls, with names that no markup gets out of", () => {
  const picture = {
    seconds: 4,
    begin: 2,
    end: 4,
    times: [2, 3, 4],
    performer: [
      [0, 0.5, 1],
      [0.2, 0.2, 0.2],
    ],
    model: [
      [null, null, null],
      [0, 1, 0],
    ],
    labels: ["<script>", "Filter"],
  };
  const { svg, height } = drawing(picture, [0, 1], `A "take" & <b>`);
  expect(svg).toContain("&#60;script&#62;");
  expect(svg).not.toMatch(/<script|<b>/);
  expect(svg.match(/<path/g)).toHaveLength(3);
  expect(drawing(picture, [1], "").height).toBeLessThan(height);
});
