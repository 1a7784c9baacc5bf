import { describe, expect, it } from "vitest";
import { OwnPlaying } from "../src/own";

const started = (...values: number[]) => {
  const own = new OwnPlaying();
  own.hear(values, 0);
  return own;
};

describe("what the page plays itself", () => {
  it("sounds before the session has answered, on top of what the session sent last", () => {
    const own = started(0.1, 0.2);
    expect(own.play([[1, 0.5]], 10)).toEqual([0.1, 0.5]);
    expect(own.play([[0, 0.7]], 11)).toEqual([0.7, 0.5]);
  });

  it("sounds where nothing of the other controls is known", () => {
    expect(new OwnPlaying().play([[1, 0.5]], 0)).toEqual([NaN, 0.5]);
  });

  it("is not struck again by its echo, however far behind the finger", () => {
    const own = started(0.1);
    for (const [at, value] of [0.2, 0.3, 0.4].entries()) own.play([[0, value]], at);
    expect(own.hear([0.1], 4)).toEqual([0.4]); // of another control: this one has not arrived
    expect(own.hear([0.2], 5)).toEqual([0.4]);
    expect(own.hear([0.40001], 6)).toEqual([0.40001]); // 0.3 was merged
    expect(own.hear([0.40001], 7)).toEqual([0.40001]);
  });

  it("keeps its order where a finger returns", () => {
    const own = started(0.5);
    for (const [at, value] of [0.6, 0.5, 0.6, 0.7].entries()) own.play([[0, value]], at);
    for (const value of [0.6, 0.5, 0.6]) expect(own.hear([value], 10)).toEqual([0.7]);
    expect(own.hear([0.7], 11)).toEqual([0.7]);
    expect(own.hear([0.6], 12)).toEqual([0.6]); // somebody else
  });

  it("gives way to a value that it has not played", () => {
    const own = started(0.1, 0.1);
    own.play([[0, 0.9]], 1);
    expect(own.hear([0.8, 0.1], 2)).toEqual([0.8, 0.1]); // limited by the session
    own.play([[0, 0.5]], 3);
    expect(own.hear([0.3, 0.1], 4)).toEqual([0.3, 0.1]); // another finger
    expect(own.hear([0.5, 0.1], 5)).toEqual([0.5, 0.1]);
    expect(own.hear([0.5, 0.4], 6)).toEqual([0.5, 0.4]);
  });

  it("does not wait for ever for an echo that was lost", () => {
    const own = started(0.1);
    own.play([[0, 0.9]], 0);
    expect(own.hear([0.1], 9000)).toEqual([0.9]);
    expect(own.hear([0.1], 11_000)).toEqual([0.1]);
  });

  it("is known in the model's vectors, where both share the controls", () => {
    const own = started(0.1, 0.1);
    own.play([[0, 0.2]], 0);
    own.play([[0, 0.3]], 10);
    own.hear([0.3, 0.1], 20);
    expect(own.newest([0.2, 0.7], 30)).toEqual([0.3, 0.7]);
    expect(own.newest([0.8, 0.2], 30)).toEqual([0.8, 0.2]);
    expect(own.newest([0.2, 0.7], 30_000)).toEqual([0.2, 0.7]);
  });
});
