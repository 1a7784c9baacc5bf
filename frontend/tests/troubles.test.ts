import { beforeEach, describe, expect, it, vi } from "vitest";

vi.stubGlobal("addEventListener", () => undefined);
vi.stubGlobal("location", { pathname: "/", protocol: "http:", host: "x" });
const { ApiError, get } = await import("../src/api");
const { isKnown } = await import("../src/guest");
const { settle } = await import("../src/home");
const { WebHome } = await import("../src/webhome");
const { connection } = await import("../src/socket");
const { attempt, notify, toasts } = await import("../src/store");
const { setTrouble, troubles } = await import("../src/troubles");
const { isHeardElsewhere } = await import("../src/perform/hint");

settle(new WebHome());
const answer = (status: number, content: unknown) =>
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(JSON.stringify(content), { status })));
const shown = () => toasts.value.map((toast) => toast.text);

beforeEach(() => {
  toasts.value = [];
  connection.value = "connecting";
});

describe("what is wrong", () => {
  it("is said once, for as long as it is", () => {
    const [one, other] = [{}, {}];
    setTrouble(one, "The folder is gone.");
    setTrouble(other, "The folder is gone.");
    expect(troubles.value).toEqual(["The folder is gone."]);
    setTrouble(one, "");
    expect(troubles.value).toEqual(["The folder is gone."]);
    setTrouble(other, "");
    expect(troubles.value).toEqual([]);
  });
});

describe("an error of what was asked for", () => {
  it("goes when the same succeeds, and not when something else does", async () => {
    answer(500, { error: "The disk is full." });
    await attempt(() => get("/api/a"));
    expect(shown()).toEqual(["The disk is full."]);
    answer(200, {});
    await attempt(() => get("/api/b"));
    expect(shown()).toEqual(["The disk is full."]);
    await attempt(() => get("/api/a"));
    expect(shown()).toEqual([]);
  });

  it("goes with the connection's coming back, where nobody answered", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new Error("refused")));
    await attempt(() => get("/api/a"));
    expect(shown()).toEqual(["IMPSY does not answer: is `impsy webui` still running?"]);
    notify("error", "Something else.");
    connection.value = "open";
    isKnown.value = true;
    expect(shown()).toEqual(["Something else."]);
  });

  it("is not said while the page says that there is no connection", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new Error("refused")));
    connection.value = "lost";
    await attempt(() => get("/api/a"));
    expect(shown()).toEqual([]);
    await attempt(() => Promise.reject(new ApiError("No.", 409)));
    expect(shown()).toEqual(["No."]);
  });
});

describe("the offer to hear it", () => {
  it("is made unless something else than OSC is played to", () => {
    expect(isHeardElsewhere([{ outputs: [] }])).toBe(false);
    expect(isHeardElsewhere([{ outputs: ["OSC /prediction: number 1"] }])).toBe(false);
    expect(isHeardElsewhere([{ outputs: [] }, { outputs: ["OSC /x: number 2", "Synth: notes, channel 1"] }])).toBe(
      true,
    );
  });
});
