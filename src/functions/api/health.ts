// GET /healthz: this Worker runs. GET /readyz: every model reproduces its canary and pictures can be decoded.
import type { Context } from "hono";
import * as v from "valibot";
import type { Deployment } from "../deployment/deployment.ts";
import { callWorker } from "../parts/callWorker.ts";
import type { AppTypes, Env } from "./env.ts";

export const healthz = (context: Context<AppTypes>) => context.json({ status: "ok" });

const AnswerSchema = v.object({ wasm_bytes: v.number() });

/** @returns bytes of WASM heap of each part. @throws the Problem of a part that is not ready */
async function checkParts({ IMAGE, VISION, TEXT }: Env): Promise<Record<string, v.InferOutput<typeof AnswerSchema>>> {
  const check = async (name: string, worker: Fetcher | undefined, path: string) =>
    worker ? [[name, v.parse(AnswerSchema, await (await callWorker(worker, path, {})).json())] as const] : [];
  const checked = await Promise.all([
    check("image", IMAGE, "/memory"),
    check("vision", VISION, "/v2/models/vision/ready"),
    check("text", TEXT, "/v2/models/text/ready"),
  ]);
  return Object.fromEntries(checked.flat());
}

export const readyz = (deployment: () => Deployment) => async (context: Context<AppTypes>) => {
  const { manifest, banks } = deployment();
  const parts = await checkParts(context.env);
  return context.json({ status: "ready", parts, pack: manifest.pack, banks: [...banks.keys()] });
};
