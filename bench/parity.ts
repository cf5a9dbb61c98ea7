// Towers of full size against open_clip_torch, with random weights: the largest difference of their unit vectors.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openCheckpoint } from "../src/build/checkpoint/checkpoint.ts";
import { fp32 } from "../src/build/compile/fp32.ts";
import { runStages } from "../src/build/runStages.ts";
import { goldenInputs } from "../test/build/compile/goldenInputs.ts";
import { MODELS } from "./models.ts";
import { writeRandomCheckpoint } from "./randomCheckpoint.ts";

const NAMES = ["ViT-B-32", "ViT-L-14"];

/** A Python that has open_clip_torch: $PYTHON, else python3. */
function findPython(): string | undefined {
  const python = process.env.PYTHON ?? "python3";
  const { status } = spawnSync(python, ["-c", "import open_clip, safetensors"]);
  return status === 0 ? python : undefined;
}

export async function parity(): Promise<void> {
  const python = findPython();
  if (!python) return console.log("skipped: no Python with open_clip_torch (set PYTHON to one)");
  for (const name of NAMES) {
    const dir = mkdtempSync(join(tmpdir(), "edgeclip-parity-"));
    try {
      const from = join(dir, "checkpoint");
      await writeRandomCheckpoint(from, MODELS[name] ?? {});
      execFileSync(python, ["training/goldens.py", dir, `${name}=${from}`]);
      const golden = JSON.parse(readFileSync(join(dir, name, "vectors.json"), "utf8"));
      const checkpoint = await openCheckpoint(from);
      const { vision, text } = checkpoint.model;
      const { pixels, ids, count } = goldenInputs(vision.size, text.context, text.vocab);
      const inputs = {
        vision: { data: pixels, dims: [count, vision.size, vision.size, 3] },
        text: { data: ids, dims: [count, text.context] },
      };
      for (const tower of ["vision", "text"] as const) {
        const [vectors = new Float32Array()] = await runStages(checkpoint, tower, fp32(), [inputs[tower]], dir);
        const expected: number[] = golden[tower === "vision" ? "image" : "text"].flat();
        const furthest = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - (vectors[i] ?? 9))), 0);
        console.log(`${name}, ${tower}: largest difference ${furthest.toExponential(1)} (budget 1e-4)`);
      }
      checkpoint.tensors.close();
    } finally {
      rmSync(dir, { recursive: true });
    }
  }
}
