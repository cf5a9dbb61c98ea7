// Triton's own client against the backend. It needs a Python with `tritonclient[http]`: TRITONCLIENT_PYTHON, or python3.
import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";
import { expect, inject, test } from "vitest";
import { KEY, MANIFEST } from "./running.ts";

const url = inject("backend");

function findPython(): string | undefined {
  const python = process.env.TRITONCLIENT_PYTHON ?? "python3";
  try {
    execFileSync(python, ["-c", "import tritonclient.http"], { stdio: "ignore" });
    return python;
  } catch {
    console.warn(`skipped: ${python} has no tritonclient[http]; name one that has in TRITONCLIENT_PYTHON`);
    return undefined;
  }
}
const python = url ? findPython() : undefined;

test.skipIf(!python)("tritonclient infers, binary and JSON, and reads health, metadata and errors", async () => {
  const script = ["test/backend/triton_client.py", new URL(url).host, "models/nano", KEY];
  const { stdout } = await promisify(execFile)(python ?? "", script);
  const found = JSON.parse(stdout);
  expect(found).toMatchObject({
    id: "seven",
    live: true,
    ready: true,
    model_ready: true,
    version_ready: true,
    server: { name: "edgeclip", extensions: ["binary_tensor_data"] },
    metadata: { name: "vision", outputs: [{ name: "embedding", datatype: "FP32", shape: [-1, MANIFEST.embed_dim] }] },
    shape: [3, MANIFEST.embed_dim],
    dtype: "float32",
    refused: { status: "400", message: expect.stringContaining("/inputs/0/shape must be") },
  });
  for (const norm of found.norms) expect(norm).toBeCloseTo(1, 5);
  const { json, no_outputs_named, version, gzip, deflate } = found;
  for (const cosine of [json, no_outputs_named, version, gzip, deflate, ...found.async])
    expect(cosine).toBeGreaterThan(0.99999);
  for (const canary of [found.text_binary, found.text_json]) expect(canary).toBeGreaterThan(0.999);
});
