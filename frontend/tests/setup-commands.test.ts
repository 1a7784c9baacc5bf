import { describe, expect, it } from "vitest";
import { COMMANDS } from "../src/protocol";
import { assigned, commandRows, entryOfMoved, givenBy, sameGiver } from "../src/setup/command-rows";

const moved = (entry: (string | number)[], number: number | null = null, chosen = true) => ({
  entry,
  number,
  name: "DESK",
  words: "",
  chosen,
});
const rows = commandRows(["verse"], ["pause", "dance"]);
const row = (name: string) => rows.find((each) => each.name === name)!;

describe("the rows", () => {
  it("are all commands, the scenes, and what is none", () => {
    expect(rows).toHaveLength(COMMANDS.length + 2);
    expect(row("scene.verse").act).toBe("press");
    expect(row("dance").act).toBe("unknown");
    expect(rows.at(-1)!.name).toBe("dance");
  });
});

describe("words", () => {
  it("name the control and its port", () => {
    expect(givenBy(["control_change", 16, 64, "DESK"])).toBe("control 64, channel 16, DESK");
    expect(givenBy(["note_on", 10, 36])).toBe("note C2 (36), channel 10");
    expect(givenBy(["note_on", 10])).toBe("any note, channel 10");
    expect(givenBy(["program_change", 1, 5, "DESK"])).toBe("program 5, channel 1, DESK");
    expect(givenBy(["wheel", 1])).toBe('["wheel",1]');
    expect(givenBy("x")).toBe('"x"');
  });
});

describe("what was moved", () => {
  it("becomes an entry with its number and its port", () => {
    expect(entryOfMoved(moved(["note_on", 10], 36))).toEqual(["note_on", 10, 36, "DESK"]);
    expect(assigned(row("pause"), {}, rows, moved(["control_change", 1, 64]))).toEqual({
      entry: ["control_change", 1, 64, "DESK"],
    });
  });

  it("is not taken while it moves, twice, or where a knob is wanted", () => {
    const table = { panic: ["control_change", 1, 64] };
    const note = (name: string, what: ReturnType<typeof moved>) => assigned(row(name), table, rows, what);
    expect(note("pause", moved(["control_change", 1, 7], null, false))).toHaveProperty("note");
    expect(note("pause", moved(["control_change", 1, 64]))).toEqual({
      note: "control 64, channel 1, DESK is for “Panic” already. Use another one …",
    });
    expect(note("panic", moved(["control_change", 1, 64]))).toHaveProperty("entry");
    expect(note("sigmatemp", moved(["note_on", 10], 36))).toHaveProperty("note");
  });
});

describe("two entries", () => {
  it("are the same giver where one message may mean both", () => {
    expect(sameGiver(["note_on", 1, 36, "A"], ["note_on", 1, 36, "B"])).toBe(false);
    expect(sameGiver(["note_on", 1, 36, "A"], ["note_on", 1])).toBe(true);
    expect(sameGiver(["note_on", 1, 36], ["note_on", 1, 37])).toBe(false);
    expect(sameGiver(["pitch_bend", 1, "A"], ["pitch_bend", 1])).toBe(true);
    expect(sameGiver(["control_change", 1, 7, 0, 63], ["control_change", 1, 7])).toBe(true);
    expect(sameGiver(undefined, ["control_change", 1, 7])).toBe(false);
  });
});
