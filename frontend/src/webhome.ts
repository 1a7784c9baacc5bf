/** The web process as the home of the pages: a WebSocket that connects again by itself, and requests. */

import type { Answer, Connection, Home } from "./home";
import type { PageMessage, ServerMessage } from "./protocol";

const SHORTEST_WAIT = 250;
const LONGEST_WAIT = 4000;
const PING_EVERY = 2000;

/** After the server was started again the cookie opens nothing; the answer to the page says what does. */
async function reloadIfLocked(): Promise<void> {
  const status = await fetch("/api/session").then(
    (answer) => answer.status,
    () => 0,
  );
  if (status === 401) location.reload();
}

export class WebHome implements Home {
  readonly hasProcesses = true;
  readonly showsPorts = true;
  private socket: WebSocket | null = null;
  private wait = SHORTEST_WAIT;
  private lastHeard = 0;
  private receive: (message: ServerMessage) => void = () => undefined;
  private report: (state: Connection) => void = () => undefined;

  open(receive: (message: ServerMessage) => void, report: (state: Connection) => void): void {
    this.receive = receive;
    this.report = report;
    this.connect();
    // After sleep or a pulled cable the socket does not report that the connection is lost.
    setInterval(() => {
      if (this.socket?.readyState !== WebSocket.OPEN) return;
      if (performance.now() - this.lastHeard > 3 * PING_EVERY) this.socket.close();
      else this.send({ type: "ping", t: performance.now() });
    }, PING_EVERY);
  }

  send(message: PageMessage): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  async ask(method: string, path: string, body?: BodyInit, type?: string): Promise<Answer | null> {
    let response: Response;
    try {
      response = await fetch(path, {
        method,
        body,
        headers: type === undefined ? {} : { "content-type": type },
        credentials: "same-origin",
        cache: "no-store",
      });
    } catch {
      return null;
    }
    return { status: response.status, content: await response.json().catch(() => null) };
  }

  private connect(): void {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const mine = new WebSocket(`${scheme}://${location.host}/ws`);
    this.socket = mine;
    let opened = false;
    mine.onopen = () => {
      opened = true;
      this.wait = SHORTEST_WAIT;
      this.lastHeard = performance.now();
      this.report("open");
    };
    mine.onmessage = (event) => {
      this.lastHeard = performance.now();
      this.receive(JSON.parse(String(event.data)) as ServerMessage);
    };
    mine.onclose = () => {
      if (this.socket !== mine) return;
      this.socket = null;
      this.report("lost");
      if (!opened) void reloadIfLocked();
      setTimeout(() => this.connect(), this.wait);
      this.wait = Math.min(LONGEST_WAIT, this.wait * 2);
    };
  }
}
