// Installs what only the backend needs, on its first use: ONNX Runtime for Node, and its CUDA libraries where they are asked for.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Provider } from "./provider.ts";

const DIR = import.meta.dirname;
const ORT = join(DIR, "node_modules", "onnxruntime-node");
const CUDA_LIBRARY = join(ORT, "bin", "napi-v6", "linux", "x64", "libonnxruntime_providers_cuda.so");

const versionIn = (text: string): string => JSON.parse(text).version;

/** Whether the version that the lock file names is in place. */
function isInstalled(): boolean {
  const manifest = join(ORT, "package.json");
  if (!existsSync(manifest)) return false;
  const lock = JSON.parse(readFileSync(join(DIR, "package-lock.json"), "utf8"));
  return versionIn(readFileSync(manifest, "utf8")) === lock.packages["node_modules/onnxruntime-node"].version;
}

/** @throws Error with what the command said when it fails */
const run = (command: string, args: string[], env: Record<string, string> = {}): Promise<void> =>
  new Promise((settle, fail) => {
    const child = spawn(command, args, {
      cwd: DIR,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      shell: process.platform === "win32",
    });
    let said = "";
    const listen = (chunk: unknown) => {
      said = (said + String(chunk)).slice(-2_000);
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    child.once("error", fail);
    child.once("close", (code) =>
      code === 0 ? settle() : fail(new Error(`${[command, ...args].join(" ")} failed:\n${said.trim()}`)),
    );
  });

/** @throws Error when the registry cannot be reached */
export async function installBackend(log: (line: string) => void): Promise<void> {
  if (isInstalled()) return;
  log("Installing onnxruntime-node into src/backend/node_modules, once (about 100 MB to fetch, 290 MB on disk) …");
  await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
}

/** onnxruntime-node's own installer fetches them from NuGet; npm's registry has no room for them. */
export async function installProvider(provider: Provider, log: (line: string) => void): Promise<void> {
  if (provider === "cpu" || existsSync(CUDA_LIBRARY)) return;
  if (process.platform !== "linux" || process.arch !== "x64")
    throw new Error(`onnxruntime-node has ${provider} on Linux x64 only, this is ${process.platform} ${process.arch}`);
  log("Fetching ONNX Runtime's CUDA and TensorRT libraries, once …");
  // "true" is all that this platform has: of 1.30 the names, e.g. "cuda12", are taken and then ignored.
  await run(process.execPath, [join(ORT, "script", "install.js")], { ONNXRUNTIME_NODE_INSTALL: "true" });
  if (!existsSync(CUDA_LIBRARY)) throw new Error(`onnxruntime-node's installer left no ${CUDA_LIBRARY}`);
}
