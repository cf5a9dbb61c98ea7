// The command line and environment of the backend, checked.
import { parseArgs } from "node:util";
import { integerFlag } from "../build/terminal/integerFlag.ts";
import { type AskedProvider, PROVIDERS } from "./provider.ts";
import { type PullSettings, pullSettings } from "./pull/settings.ts";

export const USAGE = `npm run backend -- --pack <folder or id>

  --pack          a pack's folder, or its id: then the one that fits the provider is taken (nano)
  --host, --port  where to listen (127.0.0.1, 8000)
  --provider      auto, cpu, cuda or tensorrt (auto)
  --device        number of the GPU (0)
  --threads       of ONNX Runtime on the CPU (0: one a core)
  --max-batch     pictures or texts of one run (32)
  --max-delay-ms  the longest that a run waits to be filled (5)
  --queue         pictures or texts that may wait, then 429 (512)
  --deadline-ms   the longest that a request may take, then 503 (30000)
  --drain-ms      the longest that requests in flight may take after SIGTERM (30000)
  --pull          takes chunks of batches from a queue, for machines that nobody can reach
  --pull-chunks   chunks at once (2)
  --pull-lease    seconds that a chunk may take before another may have it (240)

With --pull the environment names EDGECLIP_URL and EDGECLIP_KEY (a key with the scope backend), CLOUDFLARE_ACCOUNT_ID,
PULL_QUEUE_ID, CLOUDFLARE_API_TOKEN, and CLOUDFLARE_API_BASE_URL where it is not https://api.cloudflare.com/client/v4.

BACKEND_KEYS_SHA256 holds the SHA-256 of each key that clients may send (Authorization: Bearer <key>), separated by
commas. Without it the backend listens on loopback only.`;

export interface Options {
  pack: string;
  host: string;
  port: number;
  provider: AskedProvider;
  device: number;
  threads: number;
  maxBatch: number;
  maxDelayMs: number;
  queue: number;
  deadlineMs: number;
  drainMs: number;
  /** undefined without --pull. */
  pull: PullSettings | undefined;
  pullChunks: number;
  pullLeaseSeconds: number;
  /** SHA-256 of the keys; none: open. */
  keys: Buffer[];
}

const LOOPBACK = new Set(["127.0.0.1", "::1", "localhost"]);

function parseKeys(text: string): Buffer[] {
  const entries = text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
  return entries.map((entry, at) => {
    if (!/^[0-9a-f]{64}$/i.test(entry))
      throw new Error(`BACKEND_KEYS_SHA256: key ${at + 1} is no SHA-256 in hexadecimal`);
    return Buffer.from(entry, "hex");
  });
}

/** @returns undefined when help is asked for. @throws Error naming what is wrong */
export function parseOptions(args: string[], env: Record<string, string | undefined>): Options | undefined {
  const { values } = parseArgs({
    args,
    options: {
      pack: { type: "string", default: "nano" },
      host: { type: "string", default: "127.0.0.1" },
      port: { type: "string", default: "8000" },
      provider: { type: "string", default: "auto" },
      device: { type: "string", default: "0" },
      threads: { type: "string", default: "0" },
      "max-batch": { type: "string", default: "32" },
      "max-delay-ms": { type: "string", default: "5" },
      queue: { type: "string", default: "512" },
      "deadline-ms": { type: "string", default: "30000" },
      "drain-ms": { type: "string", default: "30000" },
      pull: { type: "boolean", default: false },
      "pull-chunks": { type: "string", default: "2" },
      "pull-lease": { type: "string", default: "240" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const provider = (["auto", ...PROVIDERS] as const).find((name) => name === values.provider);
  if (!provider) throw new Error(`--provider must be auto, ${PROVIDERS.join(", ")}, not ${values.provider}`);
  const keys = parseKeys(env.BACKEND_KEYS_SHA256 ?? "");
  if (keys.length === 0 && !LOOPBACK.has(values.host))
    throw new Error(`--host ${values.host} is open to others: set BACKEND_KEYS_SHA256 first`);
  return {
    pack: values.pack,
    host: values.host,
    port: integerFlag("port", values.port, 0, 65_535),
    provider,
    device: integerFlag("device", values.device, 0, 255),
    threads: integerFlag("threads", values.threads, 0, 1_024),
    maxBatch: integerFlag("max-batch", values["max-batch"], 1, 4_096),
    maxDelayMs: integerFlag("max-delay-ms", values["max-delay-ms"], 0, 60_000),
    queue: integerFlag("queue", values.queue, 1, 1_000_000),
    deadlineMs: integerFlag("deadline-ms", values["deadline-ms"], 1, 3_600_000),
    drainMs: integerFlag("drain-ms", values["drain-ms"], 0, 3_600_000),
    pull: values.pull ? pullSettings(env) : undefined,
    pullChunks: integerFlag("pull-chunks", values["pull-chunks"], 1, 100),
    pullLeaseSeconds: integerFlag("pull-lease", values["pull-lease"], 30, 3_600),
    keys,
  };
}
