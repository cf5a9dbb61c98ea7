// What the hub's answers of refusal mean, in words that say what to do.
import { retryAfter } from "../../core/webhook/retryAfter.ts";
import type { Hub } from "./hub.ts";

/** What was asked for, for messages. */
export interface Asked {
  repo: string;
  revision: string;
  path?: string;
}

export class HubError extends Error {
  override name = "HubError";
  readonly status: number | undefined;
  /** Asking again may help. */
  readonly retry: boolean;
  /** As the server asks for, in ms. */
  readonly after: number | undefined;

  constructor(
    message: string,
    options: { status?: number; retry?: boolean; after?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.status = options.status;
    this.retry = options.retry ?? false;
    this.after = options.after;
  }
}

/** Retry-After, or the draft `RateLimit: "api";r=0;t=55` that the hub sends. @returns ms */
function pauseOf(headers: Headers): number | undefined {
  // It is on every answer; only with nothing left is it a reason to wait.
  const told = /;\s*r=0;\s*t=(\d+)/.exec(headers.get("ratelimit") ?? "")?.[1];
  const seconds = retryAfter(headers, Date.now()) ?? (told === undefined ? undefined : Number(told));
  return seconds === undefined ? undefined : seconds * 1000;
}

/** @param host that answered: the hub, or the one that it redirected to */
export function hubError(response: Response, url: URL, hub: Hub, { repo, revision, path }: Asked): HubError {
  const { status, headers } = response;
  const code = headers.get("x-error-code");
  const what = path ? `${repo}/${path}` : repo;
  const elsewhere = url.origin !== hub.endpoint.origin;
  const token = hub.token ? "HF_TOKEN is set, and is not allowed to see it" : "HF_TOKEN is not set";
  if (elsewhere) {
    // A signed address runs out; asking the hub again gives a new one.
    const retry = status === 403 || status === 408 || status === 429 || status >= 500;
    return new HubError(`${what}: ${url.host}, where the hub keeps its files, answered ${status}.`, {
      status,
      retry,
      after: pauseOf(headers),
    });
  }
  if (code === "GatedRepo") {
    return new HubError(
      `${repo} is gated (${status}): agree to its terms on ${hub.endpoint.origin}/${repo}, and set HF_TOKEN.`,
      { status },
    );
  }
  if (code === "RevisionNotFound") return new HubError(`${repo} has no revision ${revision}.`, { status });
  if (code === "EntryNotFound") return new HubError(`${repo} has no file ${path} at ${revision}.`, { status });
  if (status === 401 || code === "RepoNotFound") {
    return new HubError(`${repo}: ${hub.endpoint.host} has no such repository, or it is private (${token}).`, {
      status,
    });
  }
  if (status === 403) return new HubError(`${what}: ${hub.endpoint.host} refuses it (403; ${token}).`, { status });
  if (status === 404) return new HubError(`${what} is not there at ${revision}.`, { status });
  return new HubError(`${what}: ${hub.endpoint.host} answered ${status}.`, {
    status,
    retry: status === 408 || status === 429 || status >= 500,
    after: pauseOf(headers),
  });
}
