import { describe, expect, test } from "vitest";
import { whoYouAre } from "../src/guest";
import { addressesOf, controlsIn, spaced, standingOf, wordsOf } from "../src/invite/forms";
import type { Invitation } from "../src/protocol";

const invitation = (given: Partial<Invitation>): Invitation => ({
  id: "1",
  code: "ACDEFG",
  role: "play",
  controls: null,
  each: null,
  workshop: false,
  seconds: 86400,
  guests: 0,
  here: 0,
  ...given,
});

describe("controls", () => {
  test.each([
    ["3", [2]],
    ["3, 4", [2, 3]],
    ["1-4", [0, 1, 2, 3]],
    ["1 – 2,2, 8", [0, 1, 7]],
  ])("%s", (text, found) => expect(controlsIn(text, 8)).toEqual(found));

  test.each(["", "0", "9", "4-2", "3;4", "a", "1-", "-1", "1.5", "99999"])("none in %s", (text) =>
    expect(controlsIn(text, 8)).toBeNull(),
  );
});

test("a code is read in two groups", () => expect(spaced("ACDEFG")).toBe("ACD EFG"));

test("what an invitation is for", () => {
  expect(wordsOf(invitation({}))).toBe("Play, all faders");
  expect(wordsOf(invitation({ controls: [2, 3] }))).toBe("Play, faders 3, 4");
  expect(wordsOf(invitation({ controls: [0, 1, 2], each: 1 }))).toBe("Play, 1 fader each of 3");
  expect(wordsOf(invitation({ role: "watch" }))).toBe("Watch");
  expect(wordsOf(invitation({ role: "own", workshop: true }))).toBe("An instrument each");
});

test("how long it lasts and who came", () => {
  expect(standingOf(invitation({}))).toBe("for 24 h; nobody came yet");
  expect(standingOf(invitation({ seconds: 90, guests: 3, here: 2 }))).toBe("for 2 min; 3 came, 2 here now");
  expect(standingOf(invitation({ seconds: 0 }))).toBe("over; nobody came yet");
});

test("phones are given no address of this machine alone", () => {
  const known = ["http://192.168.1.5:4000/", "http://127.0.0.1:4000/"];
  expect(addressesOf(known, "http://127.0.0.1:4000")).toEqual(["http://192.168.1.5:4000/"]);
  expect(addressesOf(known, "https://impsy.example.org")).toEqual([
    "https://impsy.example.org/",
    "http://192.168.1.5:4000/",
  ]);
});

test("who somebody is", () => {
  const names = ["x 1", "x 2", "Cutoff", "x 4"];
  expect(whoYouAre({ role: "all", controls: null, instrument: null }, names)).toBe("");
  expect(whoYouAre({ role: "watch", controls: null, instrument: null }, names)).toContain("watch");
  expect(whoYouAre({ role: "play", controls: [2, 3], instrument: null }, names)).toBe("You are 3 (Cutoff) and 4.");
  expect(whoYouAre({ role: "own", controls: null, instrument: 7 }, names)).toContain("Instrument 7");
});
