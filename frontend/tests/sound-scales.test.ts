import { describe, expect, it } from "vitest";
import { frequency, nearest, noteName, noteOf, SCALES, scaleOf, stepOf } from "../src/sound/scales";

describe("scales", () => {
  it("tunes A4 to 440 Hz and doubles with each octave", () => {
    expect(frequency(69)).toBeCloseTo(440);
    expect(frequency(81)).toBeCloseTo(880);
    expect(noteName(60)).toBe("C4");
    expect(noteName(58)).toBe("B♭3");
  });

  it("goes up through every scale without leaving it, across octaves and below the root", () => {
    for (const scale of SCALES) {
      const notes = Array.from({ length: 3 * scale.steps.length + 1 }, (_, at) =>
        noteOf(scale, 2, 4, at - scale.steps.length),
      );
      expect(notes).toEqual([...notes].sort((a, b) => a - b));
      expect(new Set(notes).size).toBe(notes.length);
      for (const note of notes) expect(scale.steps).toContain((((note - 2) % 12) + 12) % 12);
      expect(noteOf(scale, 2, 4, scale.steps.length) - noteOf(scale, 2, 4, 0)).toBe(12);
    }
    expect(noteOf(scaleOf("major"), 0, 4, 0)).toBe(60);
  });

  it("takes the first scale for a name that nobody knows", () => {
    expect(scaleOf("no such").id).toBe(SCALES[0]!.id);
  });

  it("divides the way of a control evenly and stays within", () => {
    expect([0, 0.24, 0.26, 0.5, 0.99, 1, 7, -1].map((value) => stepOf(value, 4))).toEqual([0, 0, 1, 2, 3, 3, 3, 0]);
  });

  it("does not trill on a border", () => {
    expect(stepOf(0.26, 4, 0)).toBe(0);
    expect(stepOf(0.24, 4, 1)).toBe(1);
    expect(stepOf(0.31, 4, 0)).toBe(1);
    expect(stepOf(1, 4, 9)).toBe(3);
  });

  it("finds the nearest note of a scale", () => {
    expect(nearest(scaleOf("major"), 0, 61)).toBe(60);
    expect(nearest(scaleOf("minor-pentatonic"), 9, 68)).toBe(67);
    expect(nearest(scaleOf("chromatic"), 5, 61)).toBe(61);
  });
});
