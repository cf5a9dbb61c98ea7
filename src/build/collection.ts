// Workers on this machine: one wrangler, real workerd, on loopback.
import { createServer } from "node:net";
import { spawnWrangler } from "./wrangler.ts";

const START_MS = 120_000;
const POLL_MS = 100;

export interface Collection {
  url: string;
  /** Settles when wrangler ends, with what it last said. */
  ended: Promise<string>;
  stop(): Promise<void>;
}

/** @returns the wanted port of loopback, or a free one when it is taken or 0 */
export const freePort = (wanted: number): Promise<number> =>
  new Promise((settle, fail) => {
    const server = createServer();
    server.once("error", () => (wanted === 0 ? fail(new Error("there is no free port")) : settle(freePort(0))));
    server.listen(wanted, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => settle(typeof address === "object" && address ? address.port : wanted));
    });
  });

export interface CollectionOptions {
  /** Paths of wrangler configurations; the first Worker is the one that answers on the port. */
  configs: readonly string[];
  port: number;
  /** Answers 200 once the first Worker runs. */
  live: string;
  /** Variables of the first Worker. */
  vars?: Record<string, string>;
  /** Where databases are kept; by default beside the first configuration. */
  state?: string;
  /** Ends it, also while it starts. */
  signal?: AbortSignal;
  /** Told what the Workers log; without it only warnings and errors are kept, for when they do not come up. */
  listen?: (chunk: string) => void;
}

/** @throws Error with wrangler's last words when it does not come up */
export async function startCollection({
  configs,
  port,
  live,
  vars = {},
  state,
  signal,
  listen: tell,
}: CollectionOptions): Promise<Collection> {
  const inspector = await freePort(0);
  const child = spawnWrangler(
    [
      "dev",
      ...configs.flatMap((config) => ["-c", config]),
      ...["--ip", "127.0.0.1", "--port", String(port), "--inspector-port", String(inspector)],
      ...["--log-level", tell ? "log" : "warn", "--show-interactive-dev-session=false"],
      ...(state === undefined ? [] : ["--persist-to", state]),
      ...Object.entries(vars).flatMap(([name, value]) => ["--var", `${name}:${value}`]),
    ],
    "pipe",
  );
  let said = "";
  const listen = (chunk: unknown) => {
    said = (said + String(chunk)).slice(-4_000);
    tell?.(String(chunk));
  };
  child.stdout?.on("data", listen);
  child.stderr?.on("data", listen);
  const ended = new Promise<string>((settle) => child.once("exit", () => settle(said)));
  const stop = async () => {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
    await ended;
    clearTimeout(timer);
  };

  if (signal?.aborted) await stop();
  signal?.addEventListener("abort", () => void stop(), { once: true });

  const url = `http://127.0.0.1:${port}`;
  const until = Date.now() + START_MS;
  let dead = false;
  void ended.then(() => {
    dead = true;
  });
  while (Date.now() < until && !dead) {
    const up = await fetch(`${url}${live}`).then(
      (response) => response.ok,
      () => false,
    );
    if (up) return { url, ended, stop };
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  await stop();
  throw new Error(`The Workers did not start:\n${said}`);
}
