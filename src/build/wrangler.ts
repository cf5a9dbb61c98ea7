// Runs wrangler as a child: this project's own, on this Node, without telemetry and without asking anything.
import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const bin = join(dirname(createRequire(import.meta.url).resolve("wrangler/package.json")), "bin", "wrangler.js");

const QUIET = {
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_HIDE_BANNER: "true",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  NO_UPDATE_NOTIFIER: "1",
};

export const spawnWrangler = (args: string[], output: "inherit" | "pipe"): ChildProcess =>
  spawn(process.execPath, [bin, ...args], { env: { ...process.env, ...QUIET }, stdio: ["ignore", output, output] });

/** @returns the exit status, and what was said where output is a pipe */
export const runWrangler = (args: string[], output: "inherit" | "pipe"): Promise<{ status: number; said: string }> =>
  new Promise((settle, fail) => {
    const child = spawnWrangler(args, output);
    let said = "";
    const listen = (chunk: unknown) => {
      said += String(chunk);
    };
    child.stdout?.on("data", listen);
    child.stderr?.on("data", listen);
    child.once("error", fail);
    child.once("close", (code) => settle({ status: code ?? 1, said }));
  });
