/** Messages from and to the home of the pages, by type. */

import { signal } from "@preact/signals";
import { type Connection, home } from "./home";
import type { PageMessage, ServerMessage } from "./protocol";

export const connection = signal<Connection>("connecting");

type Of<K extends ServerMessage["type"]> = Extract<ServerMessage, { type: K }>;

const listeners = new Map<string, Set<(message: never) => void>>();

/** Be called for each message of a type; returns a function that ends it. */
export function on<K extends ServerMessage["type"]>(type: K, listener: (message: Of<K>) => void): () => void {
  const known = listeners.get(type) ?? new Set();
  listeners.set(type, known);
  known.add(listener as (message: never) => void);
  return () => void known.delete(listener as (message: never) => void);
}

/** Send, if there is a connection. A movement that cannot be sent now is dropped. */
export const send = (message: PageMessage): boolean => home().send(message);

function dispatch(message: ServerMessage): void {
  for (const listener of listeners.get(message.type) ?? []) listener(message as never);
}

export function connect(): void {
  home().open(dispatch, (state) => (connection.value = state));
}
