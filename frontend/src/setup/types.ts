/** The plain values of a configuration that is being written, and changes of them. */

import type { Json } from "../protocol";

/** The parts of a key: `["midi", "input", "X-TOUCH"]`. */
export type Key = readonly string[];

export type Table = { [key: string]: Json };

/** The configuration's text as it stands, without defaults. */
export type Values = Table;

export type Change = { key: Key; value: Json } | { key: Key; remove: true };
