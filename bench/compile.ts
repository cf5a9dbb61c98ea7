// Compiling models of full size, with random weights: time, peak resident memory, size of the pack.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MODELS } from "./models.ts";
import { writeRandomCheckpoint } from "./randomCheckpoint.ts";

const PICTURES = "test/fixtures/pictures";
/** Peak resident memory of a process while it runs, in bytes. */
async function peakOf(args: string[]): Promise<{ peak: number; seconds: number; log: string }> {
  const start = performance.now();
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  child.stdout.on("data", (chunk) => (log += chunk));
  child.stderr.on("data", (chunk) => (log += chunk));
  let peak = 0;
  const look = setInterval(() => {
    try {
      const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8")) ?? [];
      peak = Math.max(peak, Number(kilobytes ?? 0) * 1024);
    } catch {
      // It has just ended.
    }
  }, 200);
  const code = await new Promise((resolve) => child.on("close", resolve));
  clearInterval(look);
  if (code !== 0) throw new Error(log);
  return { peak, seconds: (performance.now() - start) / 1000, log };
}

const bytesOf = (dir: string) => readdirSync(dir).reduce((sum, name) => sum + statSync(join(dir, name)).size, 0);

/** The models of the environment's COMPILE_MODELS and COMPILE_QUANT, B/32 in int8 without them: H/14 needs 4 GB of disk. */
export async function compile(): Promise<void> {
  const names = (process.env.COMPILE_MODELS ?? "ViT-B-32").split(",");
  const quantization = process.env.COMPILE_QUANT ?? "int8";
  for (const name of names) {
    const config = MODELS[name];
    if (!config) throw new Error(`COMPILE_MODELS: there is no ${name}; there are ${Object.keys(MODELS).join(", ")}`);
    const dir = mkdtempSync(join(tmpdir(), "edgeclip-compile-"));
    try {
      const parameters = await writeRandomCheckpoint(join(dir, "checkpoint"), config);
      const out = join(dir, "pack");
      const { peak, seconds, log } = await peakOf([
        ...[
          "src/build/models.ts",
          "build",
          join(dir, "checkpoint"),
          "--id",
          name.toLowerCase(),
          "--quant",
          quantization,
        ],
        ...["--calibrate", PICTURES, "--out", out, "--out-fp32", join(dir, "fp32"), "--allow-drift"],
      ]);
      const drift = log.split("\n").filter((line) => line.startsWith("drift"));
      console.log(
        `${name}, ${(parameters / 1e6).toFixed(0)} M parameters, ${quantization}: ${seconds.toFixed(0)} s, ` +
          `peak ${(peak / 1e9).toFixed(2)} GB, pack ${(bytesOf(out) / 1e6).toFixed(0)} MB`,
      );
      for (const line of drift) console.log(`  random weights: ${line}`);
    } finally {
      rmSync(dir, { recursive: true });
    }
  }
}
