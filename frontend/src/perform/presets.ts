/** The presets: ways to play, each a set of live settings; a table of the program. */

import { PRESETS, type State } from "../protocol";
import { alike } from "./values";

export type PresetName = (typeof PRESETS)[number]["name"];

/** What the numbers of a session are compared by. */
export type Numbers = Pick<
  State,
  "threshold" | "sigma_temperature" | "pi_temperature" | "timescale" | "quantise" | "clock_source"
>;

/** The values that a preset sets, by the settings' names; null: there is no such preset. */
export function valuesOf(name: string): Readonly<Record<string, number>> | null {
  return PRESETS.find((preset) => preset.name === name.trim().toLowerCase())?.values ?? null;
}

/** The preset that these numbers are; null: none. Without shared time, quantise changes nothing. */
export function presetOf(numbers: Numbers): PresetName | null {
  const compared = (name: string) => name !== "quantise" || numbers.clock_source !== "off";
  const fits = (values: Readonly<Record<string, number>>) =>
    Object.entries(values).every(([name, value]) => !compared(name) || alike(numbers[name as "threshold"], value));
  return PRESETS.find(({ values }) => fits(values))?.name ?? null;
}
