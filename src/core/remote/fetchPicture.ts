// A picture from elsewhere, under every guard: checked address, few redirects, bounded bytes, bounded time.
import { Problem } from "../problem.ts";
import { readAtMost } from "../readAtMost.ts";
import { checkUrl } from "./checkUrl.ts";

const MAX_REDIRECTS = 3;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export interface RemoteOptions {
  /** The allow-list; empty refuses everything. */
  hosts: readonly string[];
  /** Must not follow redirects by itself. */
  fetch: (
    url: URL,
    init: { redirect: "manual"; signal: AbortSignal; headers: Record<string, string> },
  ) => Promise<Response>;
  maxBytes: number;
  /** For all of it: redirects, headers and body. */
  timeoutMs: number;
  /** Told of bytes as they arrive; what it throws ends the fetching. */
  arrived?: (bytes: number) => Promise<void>;
}

/**
 * What the bytes are is for the decoder to find out; no header is believed.
 * @throws Problem `remote_refused`, `remote_too_large`, `remote_failed`, `remote_timeout`
 */
export async function fetchPicture(address: string, options: RemoteOptions): Promise<Uint8Array<ArrayBuffer>> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), options.timeoutMs);
  try {
    const response = await follow(checkUrl(address, options.hosts), options, controller.signal);
    return await readAll(response, options);
  } catch (cause) {
    if (cause instanceof Problem) throw cause;
    if (controller.signal.aborted) {
      throw new Problem("remote_timeout", `The picture did not arrive within ${options.timeoutMs / 1000} s.`, {
        cause,
      });
    }
    throw new Problem("remote_failed", "The picture could not be fetched.", { cause });
  } finally {
    clearTimeout(timer);
    // Whatever is still on its way is of no use.
    controller.abort();
  }
}

async function follow(start: URL, { fetch, hosts }: RemoteOptions, signal: AbortSignal): Promise<Response> {
  let url = start;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const response = await fetch(url, { redirect: "manual", signal, headers: { accept: "image/*" } });
    if (!REDIRECTS.has(response.status)) {
      if (!response.ok) throw new Problem("remote_failed", `The host of the picture answered ${response.status}.`);
      return response;
    }
    const location = response.headers.get("location");
    await response.body?.cancel();
    if (!location) throw new Problem("remote_failed", "The host of the picture redirected to nowhere.");
    url = checkUrl(URL.parse(location, url)?.href ?? location, hosts);
  }
  throw new Problem("remote_refused", `The picture is behind more than ${MAX_REDIRECTS} redirects.`);
}

async function readAll(response: Response, { maxBytes, arrived }: RemoteOptions): Promise<Uint8Array<ArrayBuffer>> {
  const tooLarge = () => new Problem("remote_too_large", `The picture has more than ${maxBytes / 2 ** 20} MiB.`);
  if (Number(response.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge();
  return response.body ? readAtMost(response.body, maxBytes, tooLarge, arrived) : new Uint8Array();
}
