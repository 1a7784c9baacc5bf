/** The WebSocket to the web process: messages by type, connected again by itself. */

import { signal } from "@preact/signals";
import type { PageMessage, ServerMessage } from "./protocol";

export type Connection = "connecting" | "open" | "lost";

export const connection = signal<Connection>("connecting");

const SHORTEST_WAIT = 250;
const LONGEST_WAIT = 4000;
const PING_EVERY = 2000;

type Of<K extends ServerMessage["type"]> = Extract<ServerMessage, { type: K }>;

const listeners = new Map<string, Set<(message: never) => void>>();

/** Be called for each message of a type; returns a function that ends it. */
export function on<K extends ServerMessage["type"]>(type: K, listener: (message: Of<K>) => void): () => void {
  const known = listeners.get(type) ?? new Set();
  listeners.set(type, known);
  known.add(listener as (message: never) => void);
  return () => void known.delete(listener as (message: never) => void);
}

let socket: WebSocket | null = null;
let wait = SHORTEST_WAIT;
let lastHeard = 0;

/** Send, if there is a connection. A movement that cannot be sent now is dropped. */
export function send(message: PageMessage): boolean {
  if (socket?.readyState !== WebSocket.OPEN) return false;
  socket.send(JSON.stringify(message));
  return true;
}

function dispatch(text: string): void {
  lastHeard = performance.now();
  const message = JSON.parse(text) as ServerMessage;
  for (const listener of listeners.get(message.type) ?? []) listener(message as never);
}

/** After the server was started again the cookie opens nothing; the answer to the page says what does. */
async function reloadIfLocked(): Promise<void> {
  const status = await fetch("/api/session").then(
    (answer) => answer.status,
    () => 0,
  );
  if (status === 401) location.reload();
}

export function connect(): void {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const mine = new WebSocket(`${scheme}://${location.host}/ws`);
  socket = mine;
  let opened = false;
  mine.onopen = () => {
    opened = true;
    wait = SHORTEST_WAIT;
    lastHeard = performance.now();
    connection.value = "open";
  };
  mine.onmessage = (event) => dispatch(String(event.data));
  mine.onclose = () => {
    if (socket !== mine) return;
    socket = null;
    connection.value = "lost";
    if (!opened) void reloadIfLocked();
    setTimeout(connect, wait);
    wait = Math.min(LONGEST_WAIT, wait * 2);
  };
}

// After sleep or a pulled cable the socket does not report that the connection is lost.
setInterval(() => {
  if (socket?.readyState !== WebSocket.OPEN) return;
  if (performance.now() - lastHeard > 3 * PING_EVERY) socket.close();
  else send({ type: "ping", t: performance.now() });
}, PING_EVERY);
