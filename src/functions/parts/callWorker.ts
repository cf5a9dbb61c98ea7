// A call over a service binding: the other Worker's problem is passed on, anything else is `model_unavailable`.
import { Problem } from "../../core/problem.ts";

/** @param path of the other Worker, e.g. `/pixels?size=96` */
export async function callWorker(worker: Fetcher, path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await worker.fetch(`https://edgeclip.internal${path}`, init);
  } catch (cause) {
    throw new Problem("model_unavailable", "A part of this deployment did not answer. Try again.", { cause });
  }
  if (response.ok) return response;
  const problem = await Problem.fromResponse(response);
  throw (
    problem ?? new Problem("model_unavailable", `A part of this deployment answered ${response.status}. Try again.`)
  );
}
