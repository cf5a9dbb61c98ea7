// GET /healthz: this Worker runs. GET /readyz: every model reproduces its canary and pictures can be decoded.
import type { Context } from "hono";
import { callWorker } from "./callWorker.ts";
import type { Deployment } from "./deployment.ts";
import type { AppTypes, Env } from "./env.ts";

export const healthz = (context: Context<AppTypes>) => context.json({ status: "ok" });

/** @throws the Problem of the first part that is not ready */
async function checkParts({ IMAGE, VISION, TEXT }: Env): Promise<string[]> {
  const parts: [string, Fetcher | undefined, string][] = [
    ["image", IMAGE, "/memory"],
    ["vision", VISION, "/v2/models/vision/ready"],
    ["text", TEXT, "/v2/models/text/ready"],
  ];
  const bound = parts.filter((part): part is [string, Fetcher, string] => part[1] !== undefined);
  await Promise.all(bound.map(async ([, worker, path]) => (await callWorker(worker, path, {})).text()));
  return bound.map(([name]) => name);
}

export const readyz = (deployment: () => Deployment) => async (context: Context<AppTypes>) => {
  const { manifest, banks } = deployment();
  const ready = await checkParts(context.env);
  return context.json({ status: "ready", ready, pack: manifest.pack, banks: [...banks.keys()] });
};
