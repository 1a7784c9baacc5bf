import { describe, expect, it, vi } from "vitest";

vi.stubGlobal("addEventListener", () => undefined);
vi.stubGlobal("location", { pathname: "/", protocol: "http:", host: "x" });
const { faultOf, sceneOf } = await import("../src/perform/scenes");

describe("scenes", () => {
  it("hold what plays now, and a model only where it is a file", () => {
    const state = {
      mode: "battle",
      threshold: 0.2,
      sigma_temperature: 0.1,
      pi_temperature: 2,
      timescale: 0.5,
      tempo: 90,
      quantise: 1,
      grid: "1/8",
      clock: { source: "off" },
      model: "a.tflite",
    };
    const told = { mode: "battle", threshold: 0.2, sigmatemp: 0.1, pitemp: 2, timescale: 0.5 };
    expect(sceneOf(state as never, ["a.tflite"])).toEqual({ ...told, model: "models/a.tflite" });
    expect(sceneOf(state as never, ["b.tflite"])).toEqual(told);
    const time = { quantise: 1, grid: "1/8" };
    const at = (source: string) => sceneOf({ ...state, clock: { source } } as never, []);
    expect(at("midi")).toEqual({ ...told, ...time });
    expect(at("internal")).toEqual({ ...told, ...time, tempo: 90 });
  });

  it("have names that an address can hold", () => {
    expect(["verse", "Strophe 2", "ü", "a.b"].map(faultOf)).toEqual([undefined, undefined, undefined, undefined]);
    for (const name of ["a/b", "a\\b", ".", " .. "]) expect(faultOf(name)).toBeTruthy();
    expect(faultOf("x".repeat(60))).toBeUndefined();
    expect(faultOf("x".repeat(61))).toContain("this one has 61");
  });
});
