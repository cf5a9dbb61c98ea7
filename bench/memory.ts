// Resident memory of the backend while 100,000 pictures go through it, in requests of many clients.
import { spawn } from "node:child_process";
import pack from "../models/nano/pack.json" with { type: "json" };
import { installBackend } from "../src/backend/install.ts";
import { freePort } from "../src/build/collection.ts";
import { infer } from "../src/core/oip/client.ts";
import { readManifest } from "../src/core/pack/readManifest.ts";
import { residentBelow, sampled, toldMemory } from "./residentMemory.ts";

const PICTURES = 100_000;
/** Of one request. */
const ROWS = 32;
/** Requests in flight. */
const CLIENTS = 4;
const READY_MS = 60_000;

export async function memory(): Promise<void> {
  await installBackend(console.log);
  const { size } = readManifest(pack).image;
  const port = await freePort(0);
  const child = spawn(process.execPath, ["src/backend/start.ts", "--provider", "cpu", "--port", String(port)], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const url = `http://127.0.0.1:${port}`;
  try {
    const ready = () =>
      fetch(`${url}/v2/health/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
    for (let waited = 0; !(await ready()); waited += 100) {
      if (waited > READY_MS) throw new Error("the backend does not come up");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const data = Uint8Array.from({ length: ROWS * size * size * 3 }, (_, at) => (at * 31) & 255);
    const pixels = { name: "pixels", datatype: "UINT8" as const, shape: [ROWS, size, size, 3], data };
    const left = Array.from({ length: Math.ceil(PICTURES / ROWS) }).values();
    const client = async () => {
      for (const _ of left) await infer(fetch, { url, key: undefined, timeoutMs: 60_000 }, "vision", [pixels]);
    };
    const start = performance.now();
    const samples = await sampled(
      () => residentBelow(child.pid ?? 0, ""),
      async () => void (await Promise.all(Array.from({ length: CLIENTS }, client))),
    );
    const rate = (1_000 * PICTURES) / (performance.now() - start);
    console.log(
      `resident memory of the backend over ${PICTURES} pictures: ${toldMemory(samples)} (${Math.round(rate)} a second)`,
    );
  } finally {
    child.kill("SIGTERM");
  }
}
