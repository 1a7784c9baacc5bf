// What Python's test of the two ends asks of these modules; see tests/two_ends.py. Runs in Node and in a browser.
import { READER_BYTES, READER_RATIO } from "../../src/instrument/model/constants";
import { choose, componentWeights, MixtureSampler } from "../../src/instrument/model/mixture";
import type { NetworkPredictor } from "../../src/instrument/model/network-predictor";
import { openModel } from "../../src/instrument/model/open";
import { inflated } from "../../src/instrument/model/packed";
import type { Random } from "../../src/instrument/model/predictor";
import { MOST_DIMENSION, MOST_VALUES } from "../../src/instrument/model/sizes";

/** Temperatures, the values that are given, and the normal numbers of one draw. */
interface Draw {
  pi: number;
  sigma: number;
  given: [number, number][];
  normals: number[];
}

interface Network {
  kind: "network";
  name: string;
  /** base64 of the file, or of the packed form. */
  content: string;
  packed: boolean;
  /** What is heard; null: reset. */
  heard: (number[] | null)[];
  draws: Draw[];
}

interface Mixture extends Draw {
  kind: "mixture";
  /** null: NaN. */
  parameters: (number | null)[];
  dimension: number;
  densityTemperature: number;
  grid: number[] | null;
}

interface Choice {
  kind: "choice";
  weights: number[];
  uniform: number;
}

/** The probabilities of components, and which of them each uniform number chooses. */
interface Components {
  kind: "components";
  logits: number[];
  temperature: number;
  uniforms: number[];
}

export type Case = Network | Mixture | Choice | Components;

/** Gives the numbers of a list; one more is an error. */
export function scripted(normals: number[]): Random & { left: number } {
  let at = 0;
  return {
    get left() {
      return normals.length - at;
    },
    normal() {
      const number = normals[at++];
      if (number === undefined) throw new RangeError("more numbers were taken than there are");
      return number;
    },
    uniform() {
      throw new RangeError("a uniform number was taken");
    },
  };
}

/** Limits that both ends have. */
export const limits = { READER_BYTES, READER_RATIO, MOST_DIMENSION, MOST_VALUES };

export async function answer(each: Case): Promise<unknown> {
  if (each.kind === "choice") return choose(each.weights, each.uniform);
  if (each.kind === "mixture") return mixture(each);
  if (each.kind === "components") return components(each);
  const bytes = each.packed
    ? await inflated(each.content)
    : Uint8Array.from(atob(each.content), (letter) => letter.charCodeAt(0));
  return network(openModel(bytes, each.name), each);
}

function components({ logits, temperature, uniforms }: Components): unknown {
  const weights = componentWeights(logits, temperature);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return [weights.map((weight) => weight / sum), uniforms.map((uniform) => choose(weights, uniform))];
}

function mixture(each: Mixture): unknown {
  const grid = each.grid && Float32Array.from(each.grid);
  const parameters = Float32Array.from(each.parameters, (number) => number ?? NaN);
  const sampler = new MixtureSampler(parameters, each.dimension, each.densityTemperature, grid);
  const given = new Map(each.given);
  const random = scripted(each.normals);
  const drawn = sampler.draw(random, each.pi, each.sigma, given);
  return { drawn, left: random.left, weights: given.size && each.pi > 0 ? sampler.weightsGiven(each.pi, given) : null };
}

/** The mixtures after each interaction, and draws after the last. Half-way another network takes over. */
function network(opened: NetworkPredictor, each: Network): unknown {
  let playing = opened;
  const mixtures = each.heard.map((vector, i) => {
    if (i === each.heard.length >> 1) {
      const state = playing.save();
      const twin = playing.twin();
      playing.hear(new Array<number>(playing.dimension).fill(0.25));
      twin.restore(state);
      playing = twin;
    }
    if (vector === null) {
      playing.reset();
      return null;
    }
    playing.hear(vector);
    return Array.from(playing.mixture());
  });
  const draws = each.draws.map((draw) => {
    const random = scripted(draw.normals);
    const drawn = draw.given.length
      ? playing.sampleGiven(random, draw.pi, draw.sigma, new Map(draw.given))
      : playing.sample(random, draw.pi, draw.sigma);
    return { drawn, left: random.left };
  });
  const { description, dimension, densityTemperature } = playing;
  return { mixtures, draws, dimension, densityTemperature, description };
}
