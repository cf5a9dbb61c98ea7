// A job as it is told to who asks.
import { type Job, PRIORITIES } from "./jobs.ts";

const iso = (time: number | null): string | null => (time === null ? null : new Date(time).toISOString());
const tenths = (value: number): number => Math.round(value * 10) / 10;

/** A job that is stopped answers what is left with errors: nothing more is computed. */
const statusOf = ({ status, stopped }: Job) => (stopped && status === "in_progress" ? "finalizing" : status);

/** @param now milliseconds */
export function told(job: Job, now: number) {
  const { total, completed, failed, in_progress_at, finished_at } = job;
  const status = statusOf(job);
  const done = completed + failed;
  const seconds = in_progress_at === null ? 0 : ((finished_at ?? now) - in_progress_at) / 1000;
  const rate = seconds > 0 && done > 0 ? done / seconds : null;
  return {
    id: job.id,
    object: "batch" as const,
    task: job.task,
    status,
    counts: { total, completed, failed },
    rate: rate === null ? null : tenths(rate),
    eta_seconds: rate !== null && status === "in_progress" ? Math.ceil((total - done) / rate) : null,
    created_at: new Date(job.created_at).toISOString(),
    in_progress_at: iso(in_progress_at),
    finalizing_at: iso(job.finalizing_at),
    finished_at: iso(finished_at),
    expires_at: new Date(job.expires_at).toISOString(),
    input: job.input,
    options: job.options,
    priority: PRIORITIES[job.priority] ?? "normal",
    callback_url: job.callback?.url ?? null,
    errors: job.errors ?? [],
    model: job.model,
  };
}

/** What was told when it was accepted. */
export function accepted(job: Job) {
  const times = { in_progress_at: null, finalizing_at: null, finished_at: null };
  const counts = { total: 0, completed: 0, failed: 0 };
  return told({ ...job, ...times, ...counts, status: "validating", stopped: null, errors: null }, job.created_at);
}
