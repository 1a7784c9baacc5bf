/** The models that can be chosen: those that came with the page, and those that were opened in it. */

import { signal } from "@preact/signals";
import type { ExportedModel, Json } from "../protocol";
import { bytesOf } from "./content";
import type { NetworkPredictor } from "./model/network-predictor";
import { openModel } from "./model/open";

export interface Entry {
  name: string;
  dimension: number;
  facts: Record<string, Json>;
  /** Whether it came with the page. */
  ours: boolean;
  bytes: () => Promise<Uint8Array>;
}

/** Bytes; far more than any model has that a browser can play. */
const LARGEST = 64 << 20;

export class Library {
  readonly entries = signal<readonly Entry[]>([]);

  constructor(exported: readonly ExportedModel[]) {
    this.entries.value = exported.map((model) => ({ ...model, ours: true, bytes: () => bytesOf(model) }));
  }

  /** Names of those with so many controls and time. */
  names(dimension: number): string[] {
    return this.entries.value.filter((each) => each.dimension === dimension).map((each) => each.name);
  }

  find(name: string): Entry | undefined {
    return this.entries.value.find((each) => each.name === name);
  }

  /** Open one of them anew. Rejects with a ModelError. */
  async open(entry: Entry): Promise<NetworkPredictor> {
    return openModel(await entry.bytes(), entry.name);
  }

  /** Add a file of the visitor's; one of the same name is replaced. Rejects with a sentence. */
  async add(file: File): Promise<{ entry: Entry; opened: NetworkPredictor }> {
    if (file.size > LARGEST) throw new Error(`${file.name} is larger than any model: choose a .tflite file.`);
    const bytes = new Uint8Array(await file.arrayBuffer());
    const opened = openModel(bytes, file.name);
    const entry: Entry = {
      name: file.name,
      dimension: opened.dimension,
      facts: opened.description.facts as Record<string, Json>,
      ours: false,
      bytes: async () => bytes,
    };
    this.entries.value = [...this.entries.value.filter((each) => each.name !== entry.name), entry];
    return { entry, opened };
  }
}
