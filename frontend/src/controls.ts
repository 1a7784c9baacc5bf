/** Controls as pages show them. */

import type { Control } from "./protocol";

/** A control of which the configuration says nothing. */
export const plainControl = (index: number, label: string): Control => ({
  index,
  label,
  kind: "value",
  plays: "value",
  channel: null,
  inputs: [],
  outputs: [],
  received: [],
  sent: [],
  enabled: true,
  gate: null,
});
