// `npm start` ends with everything that it started, whoever of its processes is told to.
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { freePort } from "../../src/build/collection.ts";

/** Arguments of the processes that have this port among theirs. */
const withPort = (port: number): string[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const args = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        return args.includes(String(port)) ? [args] : [];
      } catch {
        // It ended meanwhile.
        return [];
      }
    });

const ended = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) =>
    child.exitCode === null && child.signalCode === null ? child.once("exit", () => resolve()) : resolve(),
  );

const linux = process.platform === "linux";

test.skipIf(!linux).each(["SIGTERM", "SIGHUP", "SIGKILL"] as const)(
  "npm is ended by %s, while it starts or once it runs",
  { timeout: 120_000 },
  async (signal) => {
    const port = await freePort(0);
    const child = spawn("npm", ["start", "--", "--port", String(port)], { stdio: "ignore" });
    const live = () =>
      fetch(`http://127.0.0.1:${port}/healthz`).then(
        ({ ok }) => ok,
        () => false,
      );
    if (signal === "SIGHUP") await expect.poll(() => withPort(port).join(), { timeout: 60_000 }).toContain("wrangler");
    else await expect.poll(live, { timeout: 90_000 }).toBe(true);
    child.kill(signal);
    await ended(child);
    await expect.poll(() => withPort(port), { timeout: 20_000 }).toEqual([]);
  },
);
