/** The live settings of the instrument, by the names that the state has; as `impsy.settings`. */

import type { State } from "../../protocol";
import type { Hand } from "../mapping/hands";
import { SETTINGS as ROWS } from "../tables";

export type SettingName = (typeof ROWS)[number]["name"];

/** How the engine plays. `dimension` is n + 1, the time step and n controls; `hands` are one a control. */
export type Settings = Readonly<Pick<State, "dimension" | Exclude<SettingName, "hands">>> & {
  readonly hands: readonly Hand[];
};

interface Row {
  readonly name: string;
  readonly kind: "number" | "flag" | "choice" | "table";
  readonly default: unknown;
  readonly aboveZero: boolean;
  readonly within: readonly [number, number] | null;
  readonly useful: readonly [number, number];
  readonly choices: readonly string[];
  readonly wanted: string;
}

const BY_NAME: ReadonlyMap<string, Row> = new Map(ROWS.map((row) => [row.name, row]));

/** Settings that cannot be played with: the message is a sentence. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

/** Whether there is such a setting. */
export const isSetting = (name: string): name is SettingName => BY_NAME.has(name);

/** Whether its values are names to choose from. */
export const isChoice = (name: SettingName): boolean => BY_NAME.get(name)!.kind === "choice";

function isUsable({ aboveZero, within }: Row, value: unknown): value is number {
  if (typeof value !== "number" || !Number.isFinite(value)) return false;
  return aboveZero ? value > 0 : value >= 0 || (within !== null && within[0] < 0);
}

function fits(row: Row, value: unknown): boolean {
  if (row.kind === "flag") return typeof value === "boolean";
  if (row.kind === "table") return Array.isArray(value);
  if (!isUsable(row, value)) return false;
  return row.within === null || (row.within[0] <= value && value <= row.within[1]);
}

/** What is wrong with this value, in a sentence; empty if nothing is. */
export function faultOf(name: SettingName, value: unknown): string {
  const row = BY_NAME.get(name)!;
  if (row.kind !== "choice") return fits(row, value) ? "" : `${name} cannot be ${value}; it must be ${row.wanted}`;
  return row.choices.includes(value as string) ? "" : `there is no ${name} “${value}”; choose ${row.wanted}`;
}

/** The number itself, or the limit of what is useful that it is beyond; what is at fault stays as it is. */
export function withinUseful(name: SettingName, value: number): number {
  const row = BY_NAME.get(name)!;
  const [low, high] = row.within ?? row.useful;
  return isUsable(row, value) ? Math.min(high, Math.max(low, value)) : value;
}

/** Settings of these values, and the defaults of all others. Throws SettingsError if a value is out of its range. */
export function settingsOf(given: Partial<Settings> & Pick<Settings, "dimension">): Settings {
  if (!(given.dimension >= 2)) {
    throw new SettingsError(`dimension is ${given.dimension}; it is at least 2: time and one control`);
  }
  const values: Record<string, unknown> = { dimension: given.dimension };
  for (const row of ROWS) {
    values[row.name] = given[row.name] ?? row.default;
    const fault = faultOf(row.name, values[row.name]);
    if (fault) throw new SettingsError(fault);
  }
  return values as unknown as Settings;
}

/** Whether two values of a setting are the same. */
export const isSame = (one: unknown, other: unknown): boolean =>
  one === other || (typeof one === "object" && JSON.stringify(one) === JSON.stringify(other));
