// Lines that backends pull are answered in the space of their job, or not at all.
import { expect, test } from "vitest";
import type { PullModel } from "../../../src/core/batch/pulled.ts";
import { answeringOf } from "../../../src/functions/api/backend/model.ts";
import type { Job, Task } from "../../../src/functions/batches/jobs.ts";
import type { Deployment } from "../../../src/functions/deployment/deployment.ts";

const pulled = { id: "a", space: "A" } as PullModel;
const deployed = (space: string) => ({ manifest: { id: space.toLowerCase(), space } }) as Deployment;
const job = (task: Task, space = "A") => ({ task, model: { id: "a", space, pack: "p" } }) as Job;

test("banks and policies of a model that was deployed meanwhile answer nothing, and vectors do without them", () => {
  expect(answeringOf(job("moderate"), pulled, deployed("B")).space).toBe("B");
  expect(answeringOf(job("embed"), pulled, deployed("B")).space).toBe("A");
});

test("where the deployment is the job's, the backend's model decides", () => {
  expect(answeringOf(job("tag"), pulled, deployed("A")).space).toBe("A");
  expect(answeringOf(job("tag", "B"), pulled, deployed("B")).space).toBe("A");
});
