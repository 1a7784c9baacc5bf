import { describe, expect, test } from "vitest";
import type { ConfigProblem } from "../src/protocol";
import type { Values } from "../src/setup/types";
import { changed, listAt, namesAt, problemsOn, tableAt, valueAt } from "../src/setup/values";

const VALUES: Values = {
  title: "One",
  model: { dimension: 3 },
  midi: { in_device: ["X-TOUCH", 4], input: { "X-TOUCH": [["note_on", 1]] } },
};

describe("reading", () => {
  test("leads through tables, and to nothing where nothing is", () => {
    expect(valueAt(VALUES, ["midi", "input", "X-TOUCH"])).toEqual([["note_on", 1]]);
    expect(valueAt(VALUES, ["title", "more"])).toBeUndefined();
    expect(valueAt(VALUES, ["osc", "server_ip"])).toBeUndefined();
    expect(valueAt(null, ["title"])).toBeUndefined();
  });

  test("what is of another type is read as empty", () => {
    expect(tableAt(VALUES, ["title"])).toEqual({});
    expect(listAt(VALUES, ["model"])).toEqual([]);
    expect(namesAt(VALUES, ["midi", "in_device"])).toEqual(["X-TOUCH"]);
  });
});

describe("changing", () => {
  test("sets and removes without touching what was", () => {
    const after = changed(VALUES, [
      { key: ["osc", "server_port"], value: 7000 },
      { key: ["title"], remove: true },
    ]);
    expect(after["osc"]).toEqual({ server_port: 7000 });
    expect("title" in after).toBe(false);
    expect(VALUES["title"]).toBe("One");
    expect("osc" in VALUES).toBe(false);
  });

  test("a table sets its keys and leaves others; a list is replaced", () => {
    const after = changed(VALUES, [
      { key: ["model"], value: { file: "a" } },
      { key: ["midi", "in_device"], value: ["S-1"] },
    ]);
    expect(after["model"]).toEqual({ dimension: 3, file: "a" });
    expect(namesAt(after, ["midi", "in_device"])).toEqual(["S-1"]);
  });

  test("removing what is not there changes nothing", () => {
    expect(changed(VALUES, [{ key: ["osc", "client_ip"], remove: true }])).toEqual(VALUES);
  });

  test("one after the other", () => {
    const after = changed({}, [
      { key: ["a", "b"], value: 1 },
      { key: ["a"], remove: true },
      { key: ["a", "c"], value: 2 },
    ]);
    expect(after).toEqual({ a: { c: 2 } });
  });
});

describe("problems", () => {
  const problem = (...path: (string | number)[]): ConfigProblem => ({
    key: "",
    path,
    message: "",
    line: null,
    level: "error",
  });

  test("on a key, and inside it", () => {
    const all = [problem("model"), problem("model", "file"), problem("midi", "input", "A", 1)];
    expect(problemsOn(all, ["model"])).toHaveLength(1);
    expect(problemsOn(all, ["model"], true)).toHaveLength(2);
    expect(problemsOn(all, ["midi", "input", "A", 1])).toHaveLength(1);
    expect(problemsOn(all, ["midi", "input", "B"], true)).toHaveLength(0);
  });
});
