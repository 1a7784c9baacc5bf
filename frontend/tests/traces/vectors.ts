/** The published vectors, as far as they are the engine's: what this instrument does, in the form of `expected`. */

import { Engine } from "../../src/instrument/engine/engine";
import type { Command } from "../../src/instrument/engine/events";
import { toStep } from "../../src/instrument/engine/playback";
import { settingsOf } from "../../src/instrument/engine/settings";
import { parseMapping } from "../../src/instrument/mapping/entries";
import { InputMapping } from "../../src/instrument/mapping/input";
import { OutputMapping } from "../../src/instrument/mapping/output";
import type { Json } from "../../src/protocol";
import { GivenNumbers, ScriptedPredictor } from "./given-numbers";

interface Inward {
  readonly input_mapping: Json[];
  readonly messages: number[][];
}

interface Outward {
  readonly output_mapping: Json[];
  /** Without values: an end to all notes. */
  readonly steps: readonly { values?: number[] }[];
}

interface Playback {
  readonly timescale: number;
  readonly model_outputs: number[][];
}

interface Pipeline {
  readonly dimension: number;
  readonly input_mapping: Json[];
  readonly initial_values: number[];
  readonly start_time: number;
  readonly events: readonly { time: number; bytes: number[] }[];
}

function pipeline(given: Pipeline): unknown {
  const predictor = new ScriptedPredictor([Array.from({ length: given.dimension }, () => 0.5)]);
  const options = { start: given.initial_values };
  const settings = settingsOf({ dimension: given.dimension });
  const engine = new Engine(settings, predictor, new GivenNumbers(1), given.start_time, options);
  const mapping = new InputMapping(parseMapping(given.input_mapping).entries());
  const commands: Command[] = given.events.flatMap(({ time, bytes }) => {
    const event = mapping.event(bytes, "pads");
    return event?.kind === "update" ? engine.receive(event, time) : [];
  });
  const rows = commands.flatMap((each) =>
    each.kind === "record" ? [{ source: each.source, values: each.values }] : [],
  );
  return { model_inputs: predictor.heard, log: rows };
}

/** By the name of the file. */
export const VECTORS: Readonly<Record<string, (given: never) => unknown>> = {
  midi_input: ({ input_mapping, messages }: Inward) => {
    const mapping = new InputMapping(parseMapping(input_mapping).entries());
    return messages.map((message) => mapping.decode(message));
  },
  midi_output: ({ output_mapping, steps }: Outward) => {
    const mapping = new OutputMapping(parseMapping(output_mapping));
    return steps.map(({ values }) => (values ? mapping.encode(values) : mapping.allNotesOff()));
  },
  playback: ({ timescale, model_outputs }: Playback) =>
    model_outputs.map((output) => {
      const { wait, values, vector } = toStep(output, timescale)!;
      return { wait, output: values, next_model_input: vector };
    }),
  pipeline,
};
