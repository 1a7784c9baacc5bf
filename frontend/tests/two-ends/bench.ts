// What bench/page_model.py measures, in Node or in a page: `prepare` a model, then `repeat` one thing that it does.
import { openModel } from "../../src/instrument/model/open";
import type { Random } from "../../src/instrument/model/predictor";

const EVENTS = 200;
let calls: Record<string, (i: number) => void> = {};

/** Opens the model, base64 of whose file is `content`; `javascript`: without WebAssembly. */
function prepare(content: string, javascript: boolean): void {
  const { WebAssembly } = globalThis;
  if (javascript) Object.assign(globalThis, { WebAssembly: undefined });
  const predictor = openModel(Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0)));
  Object.assign(globalThis, { WebAssembly });
  const events = Array.from({ length: EVENTS }, (_, i) =>
    Array.from({ length: predictor.dimension }, (_, j) => ((i * (j + 3)) % 128) / 127),
  );
  const random: Random = { uniform: () => 0.4, normal: () => 0.3 };
  const given = new Map([[0, 0.5]]);
  calls = {
    step: (i) => predictor.hear(events[i % EVENTS]!),
    draw: () => predictor.sample(random, 1, 0.01),
    given: () => predictor.sampleGiven(random, 1, 0.01, given),
    copy: () => predictor.restore(predictor.save()),
  };
}

/** Does it so many times. */
function repeat(what: string, count: number): void {
  const call = calls[what]!;
  for (let i = 0; i < count; i++) call(i);
}

Object.assign(globalThis, { prepare, repeat });
