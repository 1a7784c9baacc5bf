import { describe, expect, it } from "vitest";
import type { Json, MidiPort } from "../src/protocol";
import { offersOf } from "../src/setup/offers";
import type { Values } from "../src/setup/types";
import { changed } from "../src/setup/values";

const cc = (controller: number, channel = 1): Json => ["control_change", channel, controller];
const SLIDERS = [0, 1, 2, 3, 4, 5, 6, 7].map((each) => cc(each));
const PRESET = {
  name: "korg-nanokontrol2",
  about: "Korg nanoKONTROL2: its eight sliders.",
  advice: "",
  entries: SLIDERS as (string | number)[][],
  parts: SLIDERS.map((_, index) => `slider ${index + 1}`),
};
const port = (name: string, known = true): MidiPort => ({
  name,
  short: name.split(":")[0]!,
  configured: "",
  state: null,
  error: "",
  preset: known ? PRESET : null,
});
const NANO = port("nanoKONTROL2:nanoKONTROL2 _ CTRL 20:0");
const config = (dimension: number, midi?: Values): Values => ({
  title: "Kitchen",
  model: { dimension },
  ...(midi ? { midi } : {}),
});

describe("a controller that is plugged in", () => {
  it("is offered, as an input with its mapping; taking it back leaves what there was", () => {
    const sections: (Values | undefined)[] = [
      undefined,
      {},
      { out_device: ["S-1"] },
      { in_device: ["KNOBS"], input: { KNOBS: SLIDERS.map((_, index) => cc(index + 20)) } },
      { in_device: ["nanoKONTROL2"], input: { nanoKONTROL2: SLIDERS.map((_, index) => cc(index + 20)) } },
    ];
    for (const midi of sections) {
      const before = config(9, midi);
      const [offer, ...others] = offersOf(before, [port("Midi Through", false), NANO]);
      expect(others).toEqual([]);
      const after = changed(before, offer!.changes);
      const { in_device, input } = after["midi"] as { in_device: string[]; input: Record<string, Json> };
      expect(in_device.at(-1)).toBe("nanoKONTROL2");
      expect(new Set(in_device).size).toBe(in_device.length);
      expect(input["nanoKONTROL2"]).toEqual(SLIDERS);
      expect(offersOf(after, [NANO])).toEqual([]);
      expect(changed(after, offer!.undo)).toEqual(before);
    }
  });

  it("gets an entry for each control of the instrument", () => {
    expect(offersOf(config(4), [NANO])[0]!.after).toEqual(SLIDERS.slice(0, 3));
    const more = offersOf(config(11), [NANO])[0]!.after;
    expect(more).toHaveLength(10);
    expect(more.slice(0, 8)).toEqual(SLIDERS);
    const mapped = { midi: { in_device: ["KNOBS"], input: { KNOBS: [cc(1), cc(2)] } } };
    expect(offersOf({ ...mapped, model: {} }, [NANO])[0]!.after).toHaveLength(2);
  });

  it("keeps the name by which it is meant already", () => {
    const midi = { in_device: ["kontrol"], input: { kontrol: [cc(1), cc(2)] } };
    const [offer] = offersOf(config(3, midi), [NANO]);
    expect(offer).toMatchObject({ name: "kontrol", added: false, before: [cc(1), cc(2)] });
  });

  it("is not offered where its controls are mapped in whatever order, with others, or with limits", () => {
    const own = [...SLIDERS].reverse().map((each, index) => [...(each as Json[]), 0, index + 1]);
    const midi = { in_device: ["nanoKONTROL2"], input: { nanoKONTROL2: [...own, cc(16)] } };
    expect(offersOf(config(10, midi), [NANO])).toEqual([]);
  });

  it("is offered once, however many ports it has, and never where nothing is known", () => {
    const second = port("nanoKONTROL2 2:CTRL");
    expect(offersOf(config(9), [NANO, second])).toHaveLength(1);
    const midi = { in_device: ["nanoKONTROL2 2"], input: { "nanoKONTROL2 2": SLIDERS } };
    expect(offersOf(config(9, midi), [NANO, second])).toEqual([]);
    expect(offersOf(null, [NANO])).toEqual([]);
    expect(offersOf(config(9), [port("KNOBS", false)])).toEqual([]);
  });

  it("is offered to whatever a text holds", () => {
    for (const midi of [3, [], "x", { in_device: 3 }, { input: "x" }, { in_device: [1], input: { nanoKONTROL2: 5 } }]) {
      const before = { midi, model: { dimension: "many" } } as unknown as Values;
      const [offer] = offersOf(before, [NANO]);
      expect(changed(changed(before, offer!.changes), offer!.undo)).toEqual(before);
    }
  });
});
