import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { EditQueue, SOON } from "../src/setup/queue";
import type { CheckedText, EditedText } from "../src/protocol";
import type { Change } from "../src/setup/types";

interface Asked {
  text: string;
  changes: readonly Change[];
  answer: (text: string) => void;
  fail: (error: Error) => void;
}

const asked: Asked[] = [];
const checked: string[] = [];
const readings: CheckedText[] = [];
let again = false;
const failures: unknown[] = [];

const reading = (text: string): CheckedText => ({ values: { text }, problems: [], understood: "" });

function queueOf(text: string): EditQueue {
  return new EditQueue(text, {
    edit: (now, changes) =>
      new Promise<EditedText>((resolve, reject) =>
        asked.push({ text: now, changes, answer: (next) => resolve({ ...reading(next), text: next }), fail: reject }),
      ),
    check: (now) => {
      checked.push(now);
      return Promise.resolve(reading(now));
    },
    moved: (told) => told && readings.push(told),
    failed: (error) => {
      failures.push(error);
      return again;
    },
  });
}

const set = (name: string, value: number): Change => ({ key: [name], value });

beforeEach(() => {
  vi.useFakeTimers();
  for (const list of [asked, checked, readings, failures]) list.length = 0;
  again = false;
});
afterEach(() => void vi.useRealTimers());

describe("changes", () => {
  test("wait for each other, and go on from the text that came back", async () => {
    const queue = queueOf("0");
    queue.push([set("a", 1)]);
    await vi.advanceTimersByTimeAsync(SOON);
    queue.push([set("b", 2)]);
    await vi.advanceTimersByTimeAsync(SOON * 3);
    expect(asked).toHaveLength(1);
    expect(queue.waiting).toHaveLength(2);
    asked[0]!.answer("1");
    await vi.advanceTimersByTimeAsync(0);
    expect(asked).toHaveLength(2);
    expect(asked[1]).toMatchObject({ text: "1", changes: [set("b", 2)] });
    asked[1]!.answer("2");
    await vi.advanceTimersByTimeAsync(0);
    expect(queue.text).toBe("2");
    expect(queue.waiting).toEqual([]);
    expect(readings.map((each) => each.values?.["text"])).toEqual(["1", "2"]);
  });

  test("typing in one field is one change; others keep their order", async () => {
    const queue = queueOf("");
    queue.push([set("a", 1)]);
    queue.push([set("a", 12)]);
    queue.push([set("b", 1), { key: ["a"], remove: true }]);
    queue.push([set("a", 3)]);
    await vi.advanceTimersByTimeAsync(SOON);
    expect(asked[0]!.changes).toEqual([set("a", 12), set("b", 1), { key: ["a"], remove: true }, set("a", 3)]);
  });

  test("tables add up, so neither is dropped", async () => {
    const queue = queueOf("");
    queue.push([{ key: ["a"], value: { x: 1 } }]);
    queue.push([{ key: ["a"], value: { y: 1 } }]);
    await vi.advanceTimersByTimeAsync(SOON);
    expect(asked[0]!.changes).toHaveLength(2);
  });
});

describe("another text", () => {
  test("drops what waits, and an answer to what was asked before", async () => {
    const queue = queueOf("old");
    queue.push([set("a", 1)]);
    await vi.advanceTimersByTimeAsync(SOON);
    queue.push([set("b", 1)]);
    queue.replace("typed");
    asked[0]!.answer("old, changed");
    await vi.advanceTimersByTimeAsync(2000);
    expect(queue.text).toBe("typed");
    expect(asked).toHaveLength(1);
    expect(checked).toEqual(["typed"]);
    expect(readings.map((each) => each.values?.["text"])).toEqual(["typed"]);
  });

  test("is not checked if it is known what it says", async () => {
    const queue = queueOf("old");
    queue.replace("saved", reading("saved"));
    await vi.advanceTimersByTimeAsync(2000);
    expect(checked).toEqual([]);
    expect(readings).toHaveLength(1);
  });

  test("is checked once, when typing pauses", async () => {
    const queue = queueOf("");
    for (const text of ["a", "ab", "abc"]) {
      queue.replace(text);
      await vi.advanceTimersByTimeAsync(100);
    }
    await vi.advanceTimersByTimeAsync(2000);
    expect(checked).toEqual(["abc"]);
  });

  test("a change of it needs no check besides", async () => {
    const queue = queueOf("");
    queue.replace("typed");
    queue.push([set("a", 1)]);
    await vi.advanceTimersByTimeAsync(2000);
    expect(asked[0]!.text).toBe("typed");
    asked[0]!.answer("typed, changed");
    await vi.advanceTimersByTimeAsync(2000);
    expect(checked).toEqual([]);
  });
});

describe("flushing", () => {
  test("goes at once and waits for all", async () => {
    const queue = queueOf("0");
    queue.push([set("a", 1)]);
    const done = queue.flush();
    queue.push([set("b", 1)]);
    asked[0]!.answer("1");
    await vi.advanceTimersByTimeAsync(0);
    asked[1]!.answer("2");
    expect(await done).toBe(true);
    expect(queue.text).toBe("2");
  });

  test("what is refused is dropped, and told", async () => {
    const queue = queueOf("0");
    queue.push([set("a", 1)]);
    const done = queue.flush();
    asked[0]!.fail(new Error("no"));
    expect(await done).toBe(false);
    expect(failures).toHaveLength(1);
    expect(queue.waiting).toEqual([]);
    expect(await queue.flush()).toBe(true);
  });

  test("what could not be asked is kept, before what came since, and tried again", async () => {
    again = true;
    const queue = queueOf("0");
    queue.push([set("a", 1)]);
    const done = queue.flush();
    queue.push([set("b", 1)]);
    asked[0]!.fail(new Error("away"));
    expect(await done).toBe(false);
    expect(queue.waiting).toEqual([set("a", 1), set("b", 1)]);
    await vi.advanceTimersByTimeAsync(3000);
    expect(asked[1]!.changes).toEqual([set("a", 1), set("b", 1)]);
  });
});
