/** Requests to the home of the pages. A failure is an `ApiError` with a sentence to show. */

import { home } from "./home";
import { servedBy } from "./serving";

export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly advice = "",
    /** The whole answer, where it holds more. */
    readonly answer: Record<string, unknown> = {},
    /** The method and the address that were asked for. */
    readonly request = "",
  ) {
    super(message);
  }
}

/** `answered` is called with each request that succeeded. */
export const listening = { answered: (_request: string): void => undefined };

async function ask<T>(method: string, path: string, body?: BodyInit, type?: string): Promise<T> {
  const request = `${method} ${path}`;
  const answer = await home().ask(method, path, body, type);
  if (answer === null) {
    throw new ApiError(`IMPSY does not answer: is \`${servedBy.value}\` still running?`, 0, "", {}, request);
  }
  const { status } = answer;
  if (status >= 200 && status < 300) {
    listening.answered(request);
    return answer.content as T;
  }
  const content = (answer.content ?? {}) as Record<string, unknown>;
  const sentence = typeof content["error"] === "string" ? content["error"] : `It could not be done (${status}).`;
  throw new ApiError(
    sentence,
    status,
    typeof content["advice"] === "string" ? content["advice"] : "",
    content,
    request,
  );
}

const JSON_TYPE = "application/json";

export const get = <T>(path: string) => ask<T>("GET", path);
export const post = <T>(path: string, body?: unknown) =>
  body === undefined ? ask<T>("POST", path) : ask<T>("POST", path, JSON.stringify(body), JSON_TYPE);
export const put = <T>(path: string, body: unknown) => ask<T>("PUT", path, JSON.stringify(body), JSON_TYPE);
export const patch = <T>(path: string, body: unknown) => ask<T>("PATCH", path, JSON.stringify(body), JSON_TYPE);
export const del = <T>(path: string) => ask<T>("DELETE", path);

/** Send a file's bytes; its name goes into the address. */
export const upload = <T>(path: string, file: File) =>
  ask<T>("POST", `${path}?name=${encodeURIComponent(file.name)}`, file, "application/octet-stream");

/** A part of an address that holds a name. */
export const part = (name: string) => encodeURIComponent(name);
