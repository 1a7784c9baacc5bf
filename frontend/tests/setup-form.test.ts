import { describe, expect, test } from "vitest";
import { asNumber, rowsOf, sectionSchema } from "../src/setup/form";
import type { FormSchema } from "../src/protocol";

const SCHEMA: FormSchema = {
  properties: {
    title: { type: "string", default: "", title: "Title", description: "What it is called." },
    description: { type: "string", default: "", format: "multiline" },
    interaction: {
      type: "object",
      properties: {
        mode: { type: "string", enum: ["callresponse", "battle"], choices: ["In turns"], default: "callresponse" },
        threshold: { type: "number", default: 0.1, unit: "s", wanted: "a number of seconds, 0 or more" },
      },
    },
    osc: {
      type: "object",
      default: null,
      properties: {
        server_port: { type: "integer", default: 6000 },
        output_addresses: { type: "array", items: { type: "string" }, default: ["/impsy"] },
        api: { type: "string", default: null },
        matrix: { type: "object", additionalProperties: { type: "array" } },
      },
    },
    scenes: {
      type: "object",
      additionalProperties: {
        type: "object",
        properties: { timescale: { type: "number", default: null } },
      },
    },
  },
};

describe("rows", () => {
  test("are made from the schema, in its order and words", () => {
    const rows = rowsOf(SCHEMA, ["interaction"]);
    expect(rows.map((row) => [row.key.join("."), row.kind])).toEqual([
      ["interaction.mode", "choice"],
      ["interaction.threshold", "number"],
    ]);
    expect(rows[0]!.choices).toEqual([
      { value: "callresponse", label: "In turns" },
      { value: "battle", label: "battle" },
    ]);
    expect(rows[1]).toMatchObject({ fallback: 0.1, unit: "s", wanted: "a number of seconds, 0 or more" });
  });

  test("know lists, what may be left out, and what is no single value", () => {
    const kinds = rowsOf(SCHEMA, ["osc"]).map((row) => [row.kind, row.optional]);
    expect(kinds).toEqual([
      ["integer", false],
      ["list", false],
      ["text", true],
      ["other", false],
    ]);
    expect(rowsOf(SCHEMA, [])[1]).toMatchObject({ long: true, label: "Description" });
  });

  test("of a table of tables are the same for every name", () => {
    expect(rowsOf(SCHEMA, ["scenes", "verse 1"])[0]).toMatchObject({
      key: ["scenes", "verse 1", "timescale"],
      optional: true,
    });
  });

  test("of what the schema does not know are none", () => {
    expect(rowsOf(SCHEMA, ["nothing", "here"])).toEqual([]);
    expect(sectionSchema({}, ["osc"])).toEqual({});
  });
});

describe("numbers", () => {
  test.each([
    ["0.5", 0.5],
    [" 12 ", 12],
    ["0,5", 0.5],
    [".5", 0.5],
    ["1.", 1],
    ["1e-3", 0.001],
    ["-2", -2],
  ])("%j is %d", (text, value) => expect(asNumber(text, false)).toBe(value));

  test.each(["", " ", ".", "1..2", "0x10", "Infinity", "1e999", "12a"])("%j is none, or not yet", (text) => {
    expect(asNumber(text, false)).toBeNull();
  });

  test("whole numbers only where they are wanted", () => {
    expect(asNumber("2.5", true)).toBeNull();
    expect(asNumber("2.0", true)).toBe(2);
    expect(asNumber("99999999999999999999", true)).toBeNull();
  });
});
