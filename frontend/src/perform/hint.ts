/** Whether the model can be heard by other means than this page. */

import type { Control } from "../protocol";

/** Outputs by OSC do not count: a new workspace has them, whether a program listens or not. */
export const isHeardElsewhere = (controls: readonly Pick<Control, "outputs">[]): boolean =>
  controls.some(({ outputs }) => outputs.some((each) => !each.startsWith("OSC ")));
