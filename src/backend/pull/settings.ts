// Where a backend that pulls gets its work from and brings its vectors to: from the environment, checked.

/** Cloudflare's own; named otherwise for tests and proxies. */
const CLOUDFLARE = "https://api.cloudflare.com/client/v4";
const LOOPBACK = new Set(["127.0.0.1", "[::1]", "localhost"]);

export interface PullSettings {
  /** The deployment's api, without a slash at the end. */
  apiUrl: string;
  apiKey: string;
  /** Of the queue's messages, in front of `/pull` and `/ack`. */
  messagesUrl: string;
  token: string;
}

function address(name: string, text: string): string {
  const url = URL.parse(text);
  if (!url) throw new Error(`${name} must be an address`);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && LOOPBACK.has(url.hostname)))
    throw new Error(`${name} must begin with https://`);
  if (url.username || url.password || url.search || url.hash) throw new Error(`${name} must be an address alone`);
  return url.href.replace(/\/+$/, "");
}

/** @throws Error naming the variable that is missing or wrong */
export function pullSettings(env: Record<string, string | undefined>): PullSettings {
  const text = (name: string): string => {
    const value = env[name]?.trim();
    if (!value) throw new Error(`--pull needs ${name} in the environment`);
    return value;
  };
  const part = (name: string): string => {
    const value = text(name);
    if (!/^[\w-]{1,100}$/.test(value)) throw new Error(`${name} must be an id`);
    return value;
  };
  const base = address("CLOUDFLARE_API_BASE_URL", env.CLOUDFLARE_API_BASE_URL?.trim() || CLOUDFLARE);
  return {
    apiUrl: address("EDGECLIP_URL", text("EDGECLIP_URL")),
    apiKey: text("EDGECLIP_KEY"),
    messagesUrl: `${base}/accounts/${part("CLOUDFLARE_ACCOUNT_ID")}/queues/${part("PULL_QUEUE_ID")}/messages`,
    token: text("CLOUDFLARE_API_TOKEN"),
  };
}
