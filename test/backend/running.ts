// A backend as `npm run backend` starts it, and what its tests ask of it.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { freePort } from "../../src/build/collection.ts";
import { type Backend, infer } from "../../src/core/oip/client.ts";
import type { Tensor } from "../../src/core/oip/tensor.ts";
import { canaryPixels } from "../../src/core/pack/canary.ts";
import { readManifest } from "../../src/core/pack/readManifest.ts";

export const KEY = "key-of-the-backend-tests";
export const hashOf = (bytes: string | Buffer): string => createHash("sha256").update(bytes).digest("hex");

export const MANIFEST = readManifest(JSON.parse(readFileSync("models/nano/pack.json", "utf8")));
const SIZE = MANIFEST.image.size;
export const PIXELS = SIZE * SIZE * 3;

export interface RunningBackend {
  url: string;
  pid: number;
  /** What it said. */
  said(): string;
  ended: Promise<number | null>;
  stop(): Promise<number | null>;
}

/** @param args beside the port. @returns once it is ready, or has ended */
export async function startBackend(args: string[], env: Record<string, string> = {}): Promise<RunningBackend> {
  const port = await freePort(0);
  const child = spawn(process.execPath, ["src/backend/start.ts", "--port", String(port), ...args], {
    env: { ...process.env, BACKEND_KEYS_SHA256: "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk) => {
      said += String(chunk);
    });
  let over = false;
  const ended = new Promise<number | null>((settle) =>
    child.once("exit", (code) => {
      over = true;
      settle(code);
    }),
  );
  const url = `http://127.0.0.1:${port}`;
  for (let waited = 0; waited < 60_000 && !over; waited += 50) {
    const ready = await fetch(`${url}/v2/health/ready`).then(
      (response) => response.ok,
      () => false,
    );
    if (ready) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const stop = () => {
    child.kill("SIGTERM");
    return ended;
  };
  return { url, pid: child.pid ?? 0, said: () => said, ended, stop };
}

/** Pictures that differ: the canary, shifted by so much. */
export function pictures(...shifts: number[]): Tensor {
  const canary = canaryPixels(SIZE);
  const data = new Uint8Array(shifts.length * PIXELS);
  for (const [row, shift] of shifts.entries())
    data.set(
      canary.map((value) => (value + shift) & 255),
      row * PIXELS,
    );
  return { name: "pixels", datatype: "UINT8", shape: [shifts.length, SIZE, SIZE, 3], data };
}

export const backendAt = (url: string, timeoutMs = 60_000): Backend => ({ url, key: KEY, timeoutMs });

/** @returns unit vectors, a row an input */
export async function vectorsOf(url: string, input: Tensor, model = "vision"): Promise<Float32Array[]> {
  const { outputs } = await infer(fetch, backendAt(url), model, [input]);
  const [embedding] = outputs;
  if (embedding?.datatype !== "FP32") throw new Error("no FP32 output");
  const [rows = 0, width = 0] = embedding.shape;
  return Array.from({ length: rows }, (_, row) => embedding.data.slice(row * width, (row + 1) * width));
}

export const cosine = (a: Float32Array | undefined, b: Float32Array | undefined): number =>
  a?.reduce((sum, value, i) => sum + value * (b?.[i] ?? 0), 0) ?? Number.NaN;
