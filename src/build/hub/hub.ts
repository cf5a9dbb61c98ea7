// A model hub that speaks Hugging Face's protocol: where it is, and who may ask.

export interface Hub {
  endpoint: URL;
  /** Sent to the endpoint's own origin and to no other. */
  token: string | undefined;
  /** Follows no redirect by itself when told so. */
  fetch: typeof fetch;
  /** Between attempts. */
  wait: (ms: number) => Promise<void>;
}

const PUBLIC_HUB = "https://huggingface.co";
const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** Plain HTTP only to this very machine. */
export const isSafe = (url: URL): boolean =>
  url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.has(url.hostname));

/** `HF_ENDPOINT` and `HF_TOKEN`, as huggingface_hub reads them. @throws Error naming the variable */
export function hubOf(env: Readonly<Record<string, string | undefined>>): Hub {
  const address = env.HF_ENDPOINT || PUBLIC_HUB;
  const endpoint = URL.parse(address);
  if (!endpoint || !isSafe(endpoint)) throw new Error(`HF_ENDPOINT: ${address} is no https address`);
  return {
    endpoint,
    token: env.HF_TOKEN || undefined,
    fetch,
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  };
}

const encoded = (path: string): string => path.split("/").map(encodeURIComponent).join("/");
const below = ({ endpoint }: Hub, path: string): URL => new URL(`${endpoint.href.replace(/\/$/, "")}/${path}`);

export const revisionUrl = (hub: Hub, repo: string, revision: string): URL =>
  below(hub, `api/models/${encoded(repo)}/revision/${encodeURIComponent(revision)}`);

export const fileUrl = (hub: Hub, repo: string, revision: string, path: string): URL =>
  below(hub, `${encoded(repo)}/resolve/${encodeURIComponent(revision)}/${encoded(path)}`);
