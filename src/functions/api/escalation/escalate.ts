// What is answered where the edge is not certain: its own answer with the job that asks the big model, or that model's answer.
import type { Context } from "hono";
import { Problem } from "../../../core/problem.ts";
import type { Warning } from "../../answer/warnings.ts";
import { findJob, type Job, type Task } from "../../batches/jobs.ts";
import { accepted, told } from "../../batches/told.ts";
import type { BigModel } from "../../deployment/deployment.ts";
import { log } from "../../log/log.ts";
import type { AppTypes } from "../env.ts";
import { awaitAnswer } from "./awaitAnswer.ts";
import type { Escalate } from "./options.ts";
import { startJob } from "./startJob.ts";

/** Seconds; a job of one line takes about so long on a backend that is free. */
const RETRY_AFTER = 2;

interface EdgeAnswer {
  warnings: Warning[];
}

export interface Asked<A extends EdgeAnswer> {
  task: Task;
  escalate: Escalate;
  big: BigModel;
  options: Record<string, unknown>;
  picture: Uint8Array<ArrayBuffer> | undefined;
  /** The edge's, and whether a score of it lies in the band. */
  answer: A;
  uncertain: boolean;
  /** The edge's answer while nobody else's is there. @param code why */
  cautious: (answer: A, code: "escalated" | "escalation_failed") => A;
}

const warned = <A extends EdgeAnswer>(answer: A, message: string): A => ({
  ...answer,
  warnings: [...answer.warnings, { code: "escalation_failed", message }],
});

/** What answers the request once the job is made. It holds nothing of the picture: it may wait for long. */
function answering<A extends EdgeAnswer>(
  context: Context<AppTypes>,
  { escalate: { wait_ms }, answer, cautious }: Pick<Asked<A>, "escalate" | "answer" | "cautious">,
  job: Job,
): () => Promise<Response> {
  const { env } = context;
  return async () => {
    const until = Date.now() + wait_ms;
    const line =
      wait_ms > 0 ? await context.get("timing").measure("wait", () => awaitAnswer(env, job.id, until)) : undefined;
    const now = wait_ms > 0 ? await jobNow(env, job) : accepted(job);
    if (line && "result" in line) return context.json({ ...line.result, escalated: true, job: now });
    if (line) {
      const { code, detail } = line.error;
      const own = cautious(warned(answer, `The big model could not tell: ${code}: ${detail}`), "escalation_failed");
      return context.json({ ...own, escalated: true, job: now });
    }
    const headers = { location: `/v1/batches/${job.id}`, "retry-after": String(RETRY_AFTER) };
    return context.json({ ...cautious(answer, "escalated"), escalated: true, job: now }, 202, headers);
  };
}

/**
 * The job is made here.
 * @returns what answers the request, and waits for the job where that is asked for
 */
export async function escalated<A extends EdgeAnswer>(
  context: Context<AppTypes>,
  asked: Asked<A>,
): Promise<() => Response | Promise<Response>> {
  const { task, big, options, picture, answer, uncertain, cautious } = asked;
  if (!uncertain || !picture) return () => context.json({ ...answer, escalated: false });
  const [caller, requestId] = [context.get("caller") ?? "", context.get("requestId")];
  try {
    const job = await context
      .get("timing")
      .measure("escalate", () =>
        startJob(context.env, { task, options, picture, manifest: big.manifest, caller, requestId }),
      );
    return answering(context, { escalate: asked.escalate, answer, cautious }, job);
  } catch (error) {
    log("error", "a picture could not be escalated", { task }, error);
    const why = error instanceof Problem ? error.message : "It could not be queued.";
    const own = cautious(warned(answer, `The big model was not asked: ${why}`), "escalation_failed");
    return () => context.json({ ...own, escalated: false });
  }
}

/** As it is by now; as it was accepted where the database does not tell. */
async function jobNow({ DB }: AppTypes["Bindings"], job: Job) {
  const found = await findJob(DB, job.id).catch((error: unknown) => {
    log("error", "an escalated job could not be looked up", { id: job.id }, error);
    return undefined;
  });
  return found ? told(found, Date.now()) : accepted(job);
}
