// The backend end to end over HTTP against bare onnxruntime-node at its best batch size, in turns, on one machine.
import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import pack from "../models/nano/pack.json" with { type: "json" };
import { installBackend } from "../src/backend/install.ts";
import { freePort } from "../src/build/collection.ts";
import { infer } from "../src/core/oip/client.ts";
import type { Tensor } from "../src/core/oip/tensor.ts";
import { readManifest } from "../src/core/pack/readManifest.ts";
import { median } from "./median.ts";

const PACK = "models/nano";
const BATCHES = [1, 2, 4, 8, 16, 32];
const ROUNDS = 4;
const ROUND_MS = 4_000;
/** Requests in flight. */
const CLIENTS = 16;
const PICTURES_OF_LARGE = 8;

type Encode = (count: number) => Promise<unknown>;

const { size } = readManifest(pack).image;
const pictures = (count: number): Tensor => ({
  name: "pixels",
  datatype: "UINT8",
  shape: [count, size, size, 3],
  data: Uint8Array.from({ length: count * size * size * 3 }, (_, at) => (at * 31) & 255),
});

/** @returns pictures a second of so many callers at once */
async function rateOf(encode: Encode, count: number, callers: number, ms: number): Promise<number> {
  let done = 0;
  const start = performance.now();
  const call = async () => {
    while (performance.now() - start < ms) {
      await encode(count);
      done += count;
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  return (1_000 * done) / (performance.now() - start);
}

/** onnxruntime-node in this process, with nothing around it. */
async function openBare(): Promise<Encode> {
  const ort: typeof import("onnxruntime-web") = createRequire(resolve("src/backend/package.json"))("onnxruntime-node");
  const session = await ort.InferenceSession.create(`${PACK}/vision.onnx`);
  const inputs = new Map(BATCHES.map((count) => [count, pictures(count)]));
  return async (count) => {
    const { data, shape } = inputs.get(count) ?? pictures(count);
    const { embedding } = await session.run({ pixels: new ort.Tensor("uint8", data as Uint8Array, shape) });
    embedding?.dispose();
  };
}

async function startBackend(maxBatch: number): Promise<{ child: ChildProcess; url: string }> {
  const port = await freePort(0);
  const args = ["--pack", PACK, "--provider", "cpu", "--max-batch", String(maxBatch), "--port", String(port)];
  const child = spawn(process.execPath, ["src/backend/start.ts", ...args], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, BACKEND_KEYS_SHA256: "" },
  });
  const url = `http://127.0.0.1:${port}`;
  const isReady = () =>
    fetch(`${url}/v2/health/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await isReady())) {
    if (child.exitCode !== null) throw new Error("The backend did not start.");
    await new Promise((settle) => setTimeout(settle, 100));
  }
  return { child, url };
}

function readMetrics(text: string): { cpu: number; memory: number; inputs: number } {
  const of = (series: string) =>
    Number(
      text
        .split("\n")
        .find((line) => line.startsWith(`${series} `))
        ?.split(" ")[1],
    );
  return {
    cpu: of("process_cpu_seconds_total"),
    memory: of("process_resident_memory_bytes"),
    inputs: of('edgeclip_inputs_total{model="vision"}'),
  };
}

async function bestBatch(bare: Encode): Promise<number> {
  const rates = new Map<number, number[]>(BATCHES.map((count) => [count, []]));
  for (let round = 0; round < 3; round++)
    for (const [count, measured] of rates) measured.push(await rateOf(bare, count, 1, ROUND_MS / 4));
  const [best] = [...rates]
    .map(([count, measured]) => ({ count, rate: median(measured) }))
    .sort((a, b) => b.rate - a.rate);
  for (const [count, measured] of rates)
    console.log(`bare, batches of ${count}: ${median(measured).toFixed(1)} images/s`);
  return best?.count ?? 1;
}

export async function backend(): Promise<void> {
  await installBackend(console.log);
  const bare = await openBare();
  const batch = await bestBatch(bare);
  const { child, url } = await startBackend(batch);
  try {
    const bodies = new Map([1, PICTURES_OF_LARGE].map((count) => [count, pictures(count)]));
    const at = { url, key: undefined, timeoutMs: 60_000 };
    const ask: Encode = (count) => infer(fetch, at, "vision", [bodies.get(count) ?? pictures(count)]);
    await rateOf(ask, 1, CLIENTS, ROUND_MS / 2);
    const ways = [1, PICTURES_OF_LARGE].map((count) => ({ count, rates: [] as number[], shares: [] as number[] }));
    const told = async () => readMetrics(await (await fetch(`${url}/metrics`)).text());
    const [cpuBefore, start] = [process.cpuUsage(), await told()];
    const alone: number[] = [];
    let bareCpu = 0;
    let bareImages = 0;
    const measureBare = async () => {
      const before = process.cpuUsage();
      const rate = await rateOf(bare, batch, 1, ROUND_MS / 2);
      const { user, system } = process.cpuUsage(before);
      bareCpu += (user + system) / 1e6;
      bareImages += (rate * ROUND_MS) / 2_000;
      alone.push(rate);
      return rate;
    };
    for (let round = 0; round < ROUNDS; round++) {
      for (const { count, rates, shares } of ways) {
        const before = await measureBare();
        const rate = await rateOf(ask, count, CLIENTS, ROUND_MS);
        rates.push(rate);
        shares.push((2 * rate) / (before + (await measureBare())));
      }
    }
    const end = await told();
    const { user, system } = process.cpuUsage(cpuBefore);
    const images = end.inputs - start.inputs;
    const ms = (seconds: number, of: number) => ((1_000 * seconds) / of).toFixed(1);
    console.log(`bare onnxruntime-node, batches of ${batch}: ${median(alone).toFixed(1)} images/s`);
    for (const { count, rates, shares } of ways)
      console.log(
        `backend over HTTP, ${CLIENTS} requests of ${count} at once: ${median(rates).toFixed(1)} images/s, ` +
          `${median(shares).toFixed(2)} of bare (${Math.min(...shares).toFixed(2)} to ${Math.max(...shares).toFixed(2)})`,
      );
    console.log(
      `CPU time an image, which a busy machine disturbs less: bare ${ms(bareCpu, bareImages)} ms, ` +
        `backend ${ms(end.cpu - start.cpu, images)} ms, its client ${ms((user + system) / 1e6 - bareCpu, images)} ms`,
    );
    console.log(`memory of the backend: ${(end.memory / 2 ** 20).toFixed(0)} MiB resident`);
  } finally {
    child.kill("SIGTERM");
  }
}
