/** Requests to the web process. A failure is an `ApiError` with a sentence to show. */

export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly advice = "",
    /** The whole answer, where it holds more. */
    readonly answer: Record<string, unknown> = {},
  ) {
    super(message);
  }
}

const UNREACHABLE = "IMPSY does not answer: is `impsy webui` still running?";

async function ask<T>(method: string, path: string, body?: BodyInit, type?: string): Promise<T> {
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
    throw new ApiError(UNREACHABLE, 0);
  }
  const answer: unknown = await response.json().catch(() => null);
  if (response.ok) return answer as T;
  const content = (answer ?? {}) as Record<string, unknown>;
  const sentence =
    typeof content["error"] === "string" ? content["error"] : `It could not be done (${response.status}).`;
  throw new ApiError(
    sentence,
    response.status,
    typeof content["advice"] === "string" ? content["advice"] : "",
    content,
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
