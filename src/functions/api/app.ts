// The public API: routes, and what every answer has in common.
import { Hono } from "hono";
import { Problem } from "../../core/problem.ts";
import { cut } from "../../core/quoted.ts";
import { Timing } from "../answer/timing.ts";
import type { DeploymentFiles } from "../deployment/deployment.ts";
import { auth } from "./auth.ts";
import { returnTaken, takeChunk } from "./backend/chunks.ts";
import { backendModel } from "./backend/model.ts";
import { commitChunk } from "./backend/results.ts";
import { createBatch } from "./batches/create.ts";
import { batch, batches, cancelBatch, deleteBatch } from "./batches/jobs.ts";
import { batchErrors, batchResults } from "./batches/results.ts";
import { classify } from "./classify.ts";
import { crossOrigin } from "./crossOrigin.ts";
import { deliveries, replay, sweepNow } from "./deliveries.ts";
import { embeddings } from "./embeddings.ts";
import type { AppTypes } from "./env.ts";
import { healthz, readyz } from "./health.ts";
import { createIsolate } from "./isolate.ts";
import { labelBank, labelBanks } from "./labels.ts";
import { models } from "./models.ts";
import { moderate } from "./moderate.ts";
import { moderations } from "./moderations.ts";
import { namedOnce } from "./namedOnce.ts";
import { OPENAI_PATHS, openAiError } from "./openAiError.ts";
import { openapi } from "./openapi/openapi.ts";
import { policies } from "./policies.ts";
import { rateLimit } from "./rateLimit.ts";
import { requestLog } from "./requestLog.ts";
import { similarity } from "./similarity.ts";
import { tag } from "./tag.ts";
import { webhook } from "./webhooks.ts";

/** The playground; nothing else in its folder is served. */
const PAGE = [
  ...["/", "/page.css", "/page.js", "/tabs.js", "/photos.js", "/requests.js", "/drawing.js"],
  ...["hat", "shoes", "t-shirt"].map((name) => `/samples/${name}.jpg`),
];

export function createApp(files: DeploymentFiles): Hono<AppTypes> {
  const isolate = createIsolate(files);
  const { deployment } = isolate;
  const app = new Hono<AppTypes>();

  app.use(async (context, next) => {
    context.set("requestId", crypto.randomUUID());
    context.set("timing", new Timing());
    await next();
    context.header("x-request-id", context.get("requestId"));
    const timing = context.get("timing").header();
    if (timing) context.header("server-timing", timing);
  });
  app.use(requestLog);
  app.onError((error, context) => {
    const problem = namedOnce(Problem.from(error), context.req.raw);
    const requestId = context.get("requestId");
    return OPENAI_PATHS.has(context.req.path) ? openAiError(problem, requestId) : problem.toResponse(requestId);
  });
  app.notFound((context) =>
    new Problem("not_found", `There is no ${cut(context.req.path)} here.`).toResponse(context.get("requestId")),
  );
  app.use(crossOrigin);
  // Signed instead of keyed, so before the keys are asked for.
  app.post("/v1/webhooks/:source", webhook(isolate));
  app.use(auth);
  app.use(rateLimit);

  app.post("/v1/classify", classify(isolate));
  app.post("/v1/tag", tag(isolate));
  app.post("/v1/similarity", similarity(isolate));
  app.post("/v1/embeddings", embeddings(isolate));
  app.post("/v1/moderate", moderate(isolate));
  app.post("/v1/moderations", moderations(isolate));
  app.post("/v1/batches", createBatch(isolate));
  app.get("/v1/batches", batches);
  app.get("/v1/batches/:id", batch);
  app.delete("/v1/batches/:id", deleteBatch);
  app.get("/v1/batches/:id/results", batchResults);
  app.get("/v1/batches/:id/errors", batchErrors);
  app.post("/v1/batches/:id/cancel", cancelBatch);
  app.get("/v1/backend/model", backendModel);
  app.post("/v1/backend/chunks", takeChunk(isolate));
  app.post("/v1/backend/results", commitChunk(isolate));
  app.post("/v1/backend/returns", returnTaken);
  app.get("/v1/models", models(deployment));
  app.get("/v1/labels", labelBanks(deployment));
  app.get("/v1/labels/:bank", labelBank(deployment));
  app.get("/v1/policies", policies(deployment));
  app.get("/v1/admin/deliveries", deliveries);
  app.post("/v1/admin/deliveries/:id/replay", replay);
  app.post("/v1/admin/sweep", sweepNow);
  app.get("/openapi.json", openapi);
  app.get("/healthz", healthz);
  app.get("/readyz", readyz(deployment));
  for (const path of PAGE) app.get(path, (context) => context.env.ASSETS.fetch(new URL(path, context.req.url)));

  const methods = Map.groupBy(
    app.routes.filter(({ method }) => method !== "ALL"),
    ({ path }) => path,
  );
  for (const [path, routes] of methods) {
    const allow = routes.map(({ method }) => method).join(", ");
    app.all(path, (context) => {
      const problem = new Problem(
        "method_not_allowed",
        `${context.req.path} takes ${allow}, not ${context.req.method}.`,
      );
      const response = problem.toResponse(context.get("requestId"));
      response.headers.set("allow", allow);
      return response;
    });
  }
  return app;
}
