/** Controllers that are plugged in and whose mapping is known: what is offered, and what it would change. */

import type { ControllerPreset, Json, MidiPort } from "../protocol";
import { means } from "./assign";
import { fitted, sameControl } from "./entries";
import type { Change, Values } from "./types";
import { isTable, namesAt, tableAt, valueAt } from "./values";

export interface Offer {
  preset: ControllerPreset;
  /** By which the configuration means the port, or will. */
  name: string;
  /** The port is not among the inputs yet. */
  added: boolean;
  /** The mapping as it is, null: there is none; and as it would be, an entry for each control. */
  before: readonly Json[] | null;
  after: readonly Json[];
  changes: readonly Change[];
  /** What makes all of it as it was. */
  undo: readonly Change[];
}

/** The number of controls of a configuration; `otherwise` where it says nothing about them. */
function controlsOf(values: Values, otherwise: number): number {
  const dimension = valueAt(values, ["model", "dimension"]);
  if (typeof dimension === "number" && Number.isInteger(dimension) && dimension > 1) return dimension - 1;
  const mappings = [
    ...Object.values(tableAt(values, ["midi", "input"])),
    ...Object.values(tableAt(values, ["midi", "output"])),
  ];
  const known = mappings.find((each): each is Json[] => Array.isArray(each) && each.length > 0);
  return known?.length ?? otherwise;
}

const holdsAll = (mapping: readonly Json[], wanted: readonly Json[]): boolean =>
  wanted.every((entry) => mapping.some((each) => sameControl(each, entry)));

/** What undoes setting `key`: its present value again, or the topmost table that is not there yet is removed. */
function undoOf(values: Values, key: readonly string[]): Change {
  for (let length = 1; length <= key.length; length += 1) {
    const part = key.slice(0, length);
    const value = valueAt(values, part);
    if (value === undefined) return { key: part, remove: true };
    if (length === key.length) return { key: part, value };
    if (!isTable(value)) return { key: part, value };
  }
  return { key, remove: true };
}

function offerOf(values: Values, port: MidiPort, preset: ControllerPreset): Offer | null {
  const listed = namesAt(values, ["midi", "in_device"]);
  const name = listed.find((each) => means(each, port.name)) ?? (port.short || port.name);
  const at = ["midi", "input", name];
  const count = controlsOf(values, preset.entries.length);
  const after = fitted(preset.entries, count);
  const found = valueAt(values, at);
  const before = Array.isArray(found) ? found : null;
  const added = !listed.includes(name);
  if (!added && before !== null && holdsAll(before, preset.entries.slice(0, count))) return null;
  const changes: Change[] = [{ key: at, value: after }];
  if (added) changes.unshift({ key: ["midi", "in_device"], value: [...listed, name] });
  const undone = changes.map(({ key }) => undoOf(values, key));
  const undo = undone.filter(({ key }, place) => place === 0 || key.join("\n") !== undone[0]!.key.join("\n"));
  return { preset, name, added, before, after, changes, undo };
}

/** One offer for each kind of controller that is plugged in and not mapped as its example has it. */
export function offersOf(values: Values | null, inputs: readonly MidiPort[]): Offer[] {
  if (values === null) return [];
  const offers = new Map<string, Offer>();
  const done = new Set<string>();
  for (const port of inputs) {
    if (port.preset === null) continue;
    const { name } = port.preset;
    const offer = offerOf(values, port, port.preset);
    if (offer === null) done.add(name);
    else if (!offers.has(name)) offers.set(name, offer);
  }
  return [...offers].filter(([name]) => !done.has(name)).map(([, offer]) => offer);
}
