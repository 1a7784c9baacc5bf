/** Where messages and requests of the pages go: to a web process, or to an instrument that runs in the page itself. */

import type { PageMessage, ServerMessage } from "./protocol";

export type Connection = "connecting" | "open" | "lost";

/** The answer to a request: an HTTP status, and what the body's JSON holds. */
export interface Answer {
  status: number;
  content: unknown;
}

export interface Home {
  /** Whether sessions run in processes of their own: they are started and stopped, and can be lost. */
  readonly hasProcesses: boolean;
  /** Whether what passes the ports can be shown. */
  readonly showsPorts: boolean;
  /** Connect; from then on `receive` gets each message, and `report` the state of the connection. */
  open(receive: (message: ServerMessage) => void, report: (state: Connection) => void): void;
  /** Send a message; false: it cannot be sent now. */
  send(message: PageMessage): boolean;
  /** Make a request; null: there was no answer. */
  ask(method: string, path: string, body?: BodyInit, type?: string): Promise<Answer | null>;
}

let current: Home | null = null;

/** Called once, before anything is drawn. */
export function settle(home: Home): void {
  current = home;
}

export function home(): Home {
  if (current === null) throw new Error("settle() has not been called");
  return current;
}
