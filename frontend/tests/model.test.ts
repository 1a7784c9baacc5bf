import { describe, expect, it, vi } from "vitest";
import { half } from "../src/instrument/model/constants";
import { erfc } from "../src/instrument/model/erfc";
import { ModelError } from "../src/instrument/model/errors";
import { rint } from "../src/instrument/model/heads";
import { choose, componentWeights, MixtureSampler } from "../src/instrument/model/mixture";
import type { NetworkPredictor } from "../src/instrument/model/network-predictor";
import { openModel } from "../src/instrument/model/open";
import { inflated } from "../src/instrument/model/packed";
import { makeProducts } from "../src/instrument/model/product";
import { scaleOf } from "../src/instrument/model/scale";
import { scripted } from "./two-ends/cases";

vi.setConfig({ testTimeout: 120_000 }); // on a busy machine

// These tests run in Node, whose types this project does not have.
const files = (await import("node:fs" as string)) as { readFileSync(file: URL): Uint8Array };
const MODELS = new URL("../../src/impsy/config/templates/models/", import.meta.url);
const read = (name: string): Uint8Array => new Uint8Array(files.readFileSync(new URL(name, MODELS)));
const residual = read("musicMDRNN-dim9-layers2-units32-mixtures5-scale10.tflite");
const gestures = read("musicMDRNN-dim9-layers2-units32-mixtures35-scale10.tflite");
const vector = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
const normals = [0.3, -1.2, 0.5, 0.1, 2, -0.4, 0, 1, -1, 0.6];

/** Whole numbers below `limit`, always the same (Lehmer). */
function numbers(): (limit: number) => number {
  let state = 20;
  return (limit) => (state = (48271 * state) % 0x7fffffff) % limit;
}

/** A packed model of one layer with one unit, dimension 2, one component. */
function packed(header: Record<string, unknown> = {}, weight = 0): Uint8Array {
  const arrays = [
    ["lstm_0/kernel", [4, 2], "f4"],
    ["lstm_0/recurrent", [4, 1], "f4"],
    ["lstm_0/bias", [4], "f4"],
    ["mixture/kernel", [5, 1], "f4"],
    ["mixture/bias", [5], "f4"],
  ];
  const text = JSON.stringify({
    format: 1,
    architecture: "plain",
    dimension: 2,
    spread: 1,
    facts: {},
    arrays,
    ...header,
  });
  const head = new TextEncoder().encode(text);
  const bytes = new Uint8Array(12 + head.length + 4 * 26);
  bytes.set(new TextEncoder().encode("IMPSYNET"));
  new DataView(bytes.buffer).setUint32(8, head.length, true);
  bytes.set(head, 12);
  // All numbers are 0 but the first of the first array, whose four bytes lie 8 apart.
  const value = new Uint8Array(Float32Array.of(weight).buffer);
  value.forEach((byte, i) => (bytes[12 + head.length + 8 * i] = byte));
  return bytes;
}

describe("a model", () => {
  it("is opened from a file of ours", () => {
    const { description, dimension, densityTemperature } = openModel(gestures);
    expect(description).toMatchObject({ architecture: "gestures", layers: 2, units: 32, mixtures: 35 });
    expect([dimension, densityTemperature]).toEqual([9, 0.01]);
  });

  it("begins by hearing a neutral interaction", () => {
    const [fresh, told] = [openModel(residual), openModel(residual)];
    told.hear([0, ...new Array<number>(8).fill(0.5)]);
    expect(fresh.sample(scripted(normals), 1, 1)).toEqual(told.sample(scripted(normals), 1, 1));
  });

  it("goes on as the one that it took over from, which it leaves as it was", () => {
    const first = openModel(gestures);
    first.hear(vector);
    const second = first.twin();
    second.restore(first.save());
    second.hear([0.5, ...vector.slice(1)]);
    const kept = first.mixture();
    second.reset();
    second.hear(vector);
    expect(second.mixture()).toEqual(kept);
    expect(first.mixture()).toEqual(kept);
  });

  it("keeps values that are given", () => {
    const model = openModel(gestures);
    model.hear(vector);
    const drawn = model.sampleGiven(scripted(normals), 1, 0.01, new Map([[2, 0.25]]));
    expect(drawn[3]).toBe(0.25);
    const weights = model.weightsGiven(1, new Map([[2, 0.25]]));
    expect([weights.length, Math.max(...weights)]).toEqual([35, 1]);
  });

  it("refuses interactions of another length", () => {
    expect(() => openModel(residual).hear([0, 1])).toThrow(RangeError);
  });

  it("is opened from its packed form", async () => {
    const model = openModel(packed({ facts: { made_by: "somebody" } }, 2));
    model.hear([0, 0.5]);
    expect(model.description.facts).toEqual({ made_by: "somebody" });
    expect(Array.from(model.mixture())).toEqual([0, 0, Math.fround(1 + 1e-7), Math.fround(1 + 1e-7), 0]);
    const stream = new Blob([packed() as Uint8Array<ArrayBuffer>])
      .stream()
      .pipeThrough(new CompressionStream("deflate-raw"));
    const deflated = String.fromCharCode(...new Uint8Array(await new Response(stream).arrayBuffer()));
    expect(await inflated(btoa(deflated))).toEqual(packed());
  });
});

describe("what is no model", () => {
  it.each([
    [[], "the file is empty"],
    [[...new TextEncoder().encode("a,b\n1,2\n")], "does not begin as a .tflite"],
    [[0x50, 0x4b, 3, 4, 0], "impsy convert-tflite"],
    [[...new TextEncoder().encode("<!doctype html>")], "a web page"],
    [[...new TextEncoder().encode("version https://git-lfs.github.com")], "git lfs pull"],
  ])("is refused with a sentence %#", (bytes, why) => {
    expect(() => openModel(Uint8Array.from(bytes))).toThrow(ModelError);
    expect(() => openModel(Uint8Array.from(bytes))).toThrow(why);
  });

  it.each([
    [{ format: 2 }, "newer IMPSY"],
    [{ architecture: "other" }, "what it holds"],
    [{ dimension: 3 }, "should have"],
    [{ dimension: 1e9 }, "at most"],
    [{ spread: 0 }, "deviations"],
    [{ arrays: [[]] }, "no shape"],
    [{ arrays: [["lstm_0/kernel", [1e9, 1e9], "f4"]] }, "cut off"],
    [{ arrays: [] }, "lacks the constant"],
  ])("is refused where it is packed %#", (header, why) => {
    expect(() => openModel(packed(header))).toThrow(why);
    expect(() => openModel(packed(header))).toThrow(ModelError);
  });

  it("is refused where numbers are not finite", () => {
    expect(() => openModel(packed({}, NaN))).toThrow("not finite");
  });

  it("is refused where the page's text is damaged", async () => {
    await expect(inflated("§")).rejects.toThrow("not base64");
    await expect(inflated("AAAA")).rejects.toThrow("cannot be unpacked");
  });

  it("never leads to anything but a sentence", () => {
    const next = numbers();
    const heads = [residual, gestures].map((bytes) => graphBytes(bytes));
    let opened = 0;
    for (let round = 0; round < 90; round++) {
      const whole = [residual, gestures, packed({}, 1)][round % 3]!;
      const [from, length] = heads[round % 3] ?? [0, whole.length];
      const bytes = whole.slice(0, round % 10 ? whole.length : next(whole.length));
      for (let i = 0; i <= next(4); i++) {
        const at = Math.min(from + next(length), bytes.length - 1);
        if (at >= 0) bytes[at] = round % 2 ? next(256) : [0, 0xff, 0x7f, 0x80][next(4)]!;
      }
      const model = attempt(bytes);
      if (!model) continue;
      opened += 1;
      model.hear(new Array<number>(model.dimension).fill(0.5));
      expect(model.mixture().length).toBeGreaterThan(0);
    }
    expect(opened).toBeLessThan(90);
  });
});

/** Where the last 40,000 bytes that are no weights lie: tables of tensors and operators come first or last. */
function graphBytes(bytes: Uint8Array): [number, number] {
  const root = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  return [root, Math.min(40_000, bytes.length - root)];
}

function attempt(bytes: Uint8Array): NetworkPredictor | null {
  try {
    return openModel(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(ModelError);
    expect((error as ModelError).message).toMatch(/^This .*\.$/);
    return null;
  }
}

describe("computing", () => {
  it("multiplies alike with and without WebAssembly", () => {
    const next = numbers();
    const matrix = (rows: number, columns: number) => ({
      rows,
      columns,
      values: Float32Array.from({ length: rows * columns }, () => next(1000) / 500 - 1),
    });
    const factors = [
      { parts: [matrix(40, 7), matrix(40, 10)], bias: matrix(40, 1).values },
      { parts: [matrix(3, 1)], bias: matrix(3, 1).values },
    ];
    const [fast, slow] = [makeProducts(factors), makeProducts(factors, true)];
    factors.forEach(({ parts, bias }, i) => {
      const input = parts.flatMap((part) => Array.from(matrix(1, part.columns).values));
      for (const product of [fast[i]!, slow[i]!]) {
        product.input.set(input);
        product.run();
      }
      bias.forEach((value, row) => {
        const rows = parts.flatMap((part) =>
          Array.from(part.values.subarray(row * part.columns, (row + 1) * part.columns)),
        );
        const sum = rows.reduce((total, weight, k) => total + weight * input[k]!, value);
        expect(fast[i]!.output[row]).toBeCloseTo(sum, 5);
        expect(slow[i]!.output[row]).toBeCloseTo(sum, 5);
      });
    });
  });

  it("rounds halves to the even number", () => {
    expect([0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 2.4, -2.6].map(rint).map((number) => number + 0)).toEqual([
      0, 2, 2, 0, -2, -2, 2, -3,
    ]);
  });

  it("knows the complementary error function", () => {
    expect([0, 0.5, 1, 2, 4, 30, -1, -30].map(erfc)).toEqual([
      1,
      expect.closeTo(0.4795001221869535, 15),
      expect.closeTo(0.15729920705028513, 15),
      expect.closeTo(0.004677734981047266, 17),
      expect.closeTo(1.541725790028002e-8, 22),
      0,
      expect.closeTo(1.8427007929497148, 15),
      2,
    ]);
    expect(erfc(NaN)).toBeNaN();
  });

  it("reads float16", () => {
    expect([0x3c00, 0xc000, 0x7bff, 0x0001, 0x7c00, 0x8000].map(half)).toEqual([1, -2, 65504, 2 ** -24, Infinity, -0]);
    expect(half(0x7e00)).toBeNaN();
  });
});

describe("drawing", () => {
  it("takes the first component that reaches the number", () => {
    expect([0, 0.24, 0.26, 0.99].map((uniform) => choose([1, 1, 2], uniform))).toEqual([0, 0, 1, 2]);
    expect(choose([1, 1], 1)).toBe(1);
  });

  it("takes the largest where the temperature is 0", () => {
    expect(componentWeights([1, 3, 3], 0)).toEqual([0, 1, 0]);
    expect(componentWeights([1, NaN], 1)).toEqual([NaN, NaN]);
  });

  it("gives the mean where the temperature of deviations is 0", () => {
    const sampler = new MixtureSampler(Float32Array.of(1, 2, 3, 4, 0), 2);
    expect(sampler.draw(scripted([0, 1, 1]), 1, 0)).toEqual([0.1, 0.2]);
  });
});

describe("the scale", () => {
  it("is what the file says, then what its name says, then 10", () => {
    expect([scaleOf(12, "a-scale20.tflite"), scaleOf(undefined, "a-scale20.tflite"), scaleOf(undefined, "a")]).toEqual([
      12, 20, 10,
    ]);
    expect(() => scaleOf(0, "")).toThrow(ModelError);
  });
});
