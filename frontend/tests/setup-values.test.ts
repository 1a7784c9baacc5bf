import { describe, expect, test } from "vitest";
import type { Remark, Values } from "../src/setup/types";
import { changed, listAt, namesAt, pathOf, remarksOn, steps, tableAt, valueAt } from "../src/setup/values";

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

describe("remarks", () => {
  const remark = (key: string): Remark => ({ key, message: "", line: null, level: "error" });

  test("keys are read as they are written", () => {
    expect(steps('midi.input."X-TOUCH 2.0"[3]')).toEqual(["midi", "input", "X-TOUCH 2.0", 3]);
    expect(steps('scenes."a \\"b\\""')).toEqual(["scenes", 'a "b"']);
    expect(steps("")).toEqual([]);
  });

  test("what the web process took apart is taken as it is", () => {
    expect(pathOf({ ...remark("a.b"), path: ["a", "b", 0] })).toEqual(["a", "b", 0]);
  });

  test("on a key, and inside it", () => {
    const all = [remark("model"), remark("model.file"), remark('midi.input."A"[1]')];
    expect(remarksOn(all, ["model"])).toHaveLength(1);
    expect(remarksOn(all, ["model"], true)).toHaveLength(2);
    expect(remarksOn(all, ["midi", "input", "A", 1])).toHaveLength(1);
    expect(remarksOn(all, ["midi", "input", "B"], true)).toHaveLength(0);
  });
});
