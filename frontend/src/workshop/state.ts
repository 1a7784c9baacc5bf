/** The workshop as the last message told. */

import { computed, signal } from "@preact/signals";
import type { Wall } from "../protocol";
import { on } from "../socket";

export const wall = signal<Wall>({ folder: "", sentence: "", instruments: [] });

on("workshop", ({ folder, sentence, instruments }) => (wall.value = { folder, sentence, instruments }));

export const isOpen = computed(() => wall.value.instruments.length > 0);
