// Installs what the backend needs and starts one for all its tests; where neither is possible it says why, and they skip.
import type { TestProject } from "vitest/node";
import { installBackend } from "../../src/backend/install.ts";
import { hashOf, KEY, type RunningBackend, startBackend } from "./running.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Empty where the backend cannot be installed. */
    backend: string;
  }
}

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  try {
    await installBackend(console.log);
  } catch (error) {
    console.warn(`skipped: the backend's own packages cannot be installed (${error})`);
    project.provide("backend", "");
    return undefined;
  }
  const backend: RunningBackend = await startBackend(["--max-batch", "8"], { BACKEND_KEYS_SHA256: hashOf(KEY) });
  project.provide("backend", backend.url);
  return async () => {
    await backend.stop();
  };
}
