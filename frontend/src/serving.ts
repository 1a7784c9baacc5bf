/** The command that serves this page. */

import { signal } from "@preact/signals";

export const servedBy = signal<"impsy webui" | "impsy demo">("impsy webui");
