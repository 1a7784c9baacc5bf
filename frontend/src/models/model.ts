/** Facts about a model, in words. */

import { figure } from "../plot/words";
import type { Model } from "../protocol";
import { about, counted } from "../record/words";

export const ARCHITECTURES: Record<string, string> = {
  gestures: "gestures (moves what players move)",
  residual: "residual (predicts changes)",
  plain: "plain (as the released IMPSY's)",
};

type Json = Record<string, unknown>;

const within = (from: unknown, ...keys: string[]): unknown =>
  keys.reduce<unknown>((at, key) => (typeof at === "object" && at !== null ? (at as Json)[key] : undefined), from);

const number = (value: unknown) => (typeof value === "number" && Number.isFinite(value) ? value : null);
const text = (value: unknown) => (typeof value === "string" && value !== "" ? value.slice(0, 300) : null);

/** The facts about a model, one a row. */
export function facts(model: Model): [string, string][] {
  const rows: [string, string | null][] = [];
  const { layers, units, mixtures, architecture, facts: given } = model;
  if (layers && units) {
    const more = mixtures ? `, ${counted(mixtures, "mixture component")}` : "";
    rows.push(["Network", `${counted(layers, "layer")} of ${counted(units, "unit")}${more}`]);
  }
  const parameters = model.parameters ?? number(within(given, "parameters"));
  rows.push(["Parameters", parameters === null ? null : parameters.toLocaleString("en")]);
  rows.push(["Architecture", architecture ? (ARCHITECTURES[architecture] ?? architecture) : null]);
  const dataset = text(within(given, "trained_on", "dataset"));
  const events = number(within(given, "trained_on", "events"));
  const minutes = number(within(given, "trained_on", "minutes"));
  const more = [events === null ? "" : counted(events, "event"), minutes === null ? "" : about(minutes * 60)].filter(
    Boolean,
  );
  rows.push(["Trained on", dataset ? `${dataset}${more.length > 0 ? ` (${more.join(", ")})` : ""}` : null]);
  rows.push(["Continued from", text(within(given, "trained_on", "continued_from"))]);
  const loss = number(within(given, "figures", "held_out_nll"));
  rows.push(["Held-out loss", loss === null ? null : `${figure(loss)} nats an event (lower is better)`]);
  const seconds = number(within(given, "figures", "seconds"));
  const steps = number(within(given, "figures", "steps"));
  const long = [seconds === null ? "" : about(seconds), steps === null ? "" : counted(steps, "step")].filter(Boolean);
  rows.push(["Trained for", long.length > 0 ? long.join(", ") : null]);
  rows.push(["Ended", text(within(given, "figures", "ended"))]);
  rows.push(["Made by", text(within(given, "made_by"))]);
  return rows.filter((row): row is [string, string] => row[1] !== null);
}

/** Why a model cannot be played here; "" if it can. `dimension` is the config's. */
export function misfit(model: Pick<Model, "dimension" | "problem">, dimension: number | null): string {
  if (model.problem || model.dimension === null || dimension === null || model.dimension === dimension) return "";
  const controls = (all: number) => `${counted(all - 1, "control")} (dimension ${all})`;
  return `It plays ${controls(model.dimension)}, and this workspace has ${controls(dimension)}.`;
}

/** Those that play first, then those that fit, newest first. */
export function inOrder<T extends Pick<Model, "dimension" | "in_use" | "changed" | "name" | "problem">>(
  models: readonly T[],
  dimension: number | null,
): T[] {
  const fits = (model: T) => Number(!model.problem && misfit(model, dimension) === "");
  return [...models].sort(
    (a, b) =>
      Number(b.in_use) - Number(a.in_use) ||
      fits(b) - fits(a) ||
      b.changed.localeCompare(a.changed) ||
      a.name.localeCompare(b.name),
  );
}
