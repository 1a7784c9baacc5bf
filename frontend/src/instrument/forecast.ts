/** The model's forecast as the session sends it: as `impsy.perform.monitoring.forecast`. */

import type { Mixture, Next } from "../protocol";
import type { Forecast } from "./engine/snapshot";
import type { Settings } from "./engine/settings";

/** Components in one message, those of the largest weights: a picture of more is no clearer. */
const SHOWN = 5;
const SCALE = 10;
const LARGEST = 999;
const DECIMALS = 4;

const NO_MIXTURE: Mixture = { weights: [], means: [], spreads: [], dt: [] };

const rounded = (value: number): number => Number(value.toFixed(DECIMALS));
const within = (value: number): number => rounded(Math.min(LARGEST, Math.max(-LARGEST, value)));

/**
 * `parameters` are those of the mixture, `[mu | sigma | logits]` in the × 10 space; null: there is none. Weights are
 * softmax(logits / pitemp), spreads sigma · sqrt(sigmatemp).
 */
export function encodeForecast(
  { due, what }: Forecast,
  parameters: Float32Array | null,
  settings: Pick<Settings, "dimension" | "pi_temperature" | "sigma_temperature">,
  now: number,
): Next {
  const planned = due === null ? null : rounded(Math.max(0, due - now));
  const mixture = due === null || parameters === null ? NO_MIXTURE : mixtureOf(parameters, settings);
  return { in: planned, what, ...mixture };
}

function mixtureOf(
  parameters: Float32Array,
  {
    dimension,
    pi_temperature,
    sigma_temperature,
  }: Pick<Settings, "dimension" | "pi_temperature" | "sigma_temperature">,
): Mixture {
  const count = parameters.length / (2 * dimension + 1);
  const logits = [...parameters.subarray(2 * count * dimension)];
  if (!parameters.every(Number.isFinite)) return NO_MIXTURE;
  const shown = logits
    .map((logit, component) => ({ logit, component }))
    .sort((one, other) => other.logit - one.logit)
    .slice(0, SHOWN)
    .sort((one, other) => one.component - other.component);
  const most = Math.max(...shown.map(({ logit }) => logit));
  const temperature = Math.max(pi_temperature, Number.MIN_VALUE);
  const powers = shown.map(({ logit }) => (logit === most ? 1 : Math.exp((logit - most) / temperature)));
  const total = powers.reduce((sum, power) => sum + power, 0);
  const spread = Math.sqrt(sigma_temperature) / SCALE;
  const rows = shown.map(({ component }) => {
    const at = component * dimension;
    const means = [...parameters.subarray(at, at + dimension)].map((value) => within(value / SCALE));
    const wide = count * dimension + at;
    const spreads = [...parameters.subarray(wide + 1, wide + dimension)].map((value) => within(value * spread));
    return { means, spreads };
  });
  return {
    weights: powers.map((power) => rounded(power / total)),
    means: rows.map(({ means }) => means.slice(1)),
    spreads: rows.map(({ spreads }) => spreads),
    dt: rows.map(({ means }) => means[0]!),
  };
}
