// One request to the hub: redirects followed by hand, so that the token stays where it belongs.
import { type Hub, isSafe } from "./hub.ts";
import { type Asked, HubError, hubError } from "./hubError.ts";

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const MAX_REDIRECTS = 5;

export interface Request {
  method: "GET" | "HEAD";
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** Statuses that are no failure to this caller. */
  accept?: readonly number[];
  /** `hub`: a redirect to another host is the answer; its headers describe the file. */
  follow: "hub" | "everywhere";
}

export interface Answer {
  response: Response;
  /** Headers of every answer on the way, the first that names one wins: the hub describes, the CDN delivers. */
  header(name: string): string | null;
}

/** @throws HubError */
export async function send(hub: Hub, start: URL, asked: Asked, request: Request): Promise<Answer> {
  const { method, headers = {}, signal, accept = [], follow } = request;
  const seen: Headers[] = [];
  let url = start;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const own = url.origin === hub.endpoint.origin;
    const authorization: Record<string, string> =
      own && hub.token !== undefined ? { authorization: `Bearer ${hub.token}` } : {};
    const response = await hub
      .fetch(url, {
        method,
        redirect: "manual",
        // Sizes and ranges are those of the file itself, not of something compressed.
        headers: { "accept-encoding": "identity", "user-agent": "edgeclip", ...headers, ...authorization },
        ...(signal ? { signal } : {}),
      })
      .catch((cause: unknown) => {
        if (signal?.aborted) throw cause;
        throw new HubError(`${url.host} cannot be reached: ${reasonOf(cause)}.`, { retry: true, cause });
      });
    seen.push(response.headers);
    const header = (name: string) => seen.map((each) => each.get(name)).find((value) => value !== null) ?? null;
    if (!REDIRECTS.has(response.status)) {
      if (response.ok || accept.includes(response.status)) return { response, header };
      await response.body?.cancel();
      throw hubError(response, url, hub, asked);
    }
    await response.body?.cancel();
    const location = response.headers.get("location");
    const next = location === null ? null : URL.parse(location, url);
    if (!next || !isSafe(next)) throw new HubError(`${url.host} redirects to ${location}, which is no https address.`);
    if (follow === "hub" && next.origin !== hub.endpoint.origin) return { response, header };
    url = next;
  }
  throw new HubError(`${start.host} redirects more than ${MAX_REDIRECTS} times.`);
}

export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
