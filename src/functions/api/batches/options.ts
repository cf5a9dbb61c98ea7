// The options of POST /v1/batches: what is asked of every line, and what of the job.
import * as v from "valibot";
import { Problem } from "../../../core/problem.ts";
import { checkUrl } from "../../../core/remote/checkUrl.ts";
import { exceeds } from "../../batches/exceeds.ts";
import { type JobInput, PRIORITIES, TASKS, type Task } from "../../batches/jobs.ts";
import { isOwn, isTooLong, MAX_KEY_BYTES } from "../../batches/keys.ts";
import { type TaskOptions, taskOptions } from "../../batches/taskOptions.ts";
import type { BigModel, Deployment } from "../../deployment/deployment.ts";
import { either } from "../../input/either.ts";
import type { Given } from "../../input/options.ts";
import { parseOptions } from "../../input/parseOptions.ts";
import { checkModerator } from "../../moderation/judge.ts";
import { hostsOf } from "../../remote/hostsOf.ts";
import { bankOf, textsOf } from "../../tasks/classifier.ts";
import { ClassifySchema } from "../../tasks/classifyOptions.ts";
import { ModerateSchema } from "../../tasks/moderateOptions.ts";
import { standardsOf } from "../../tasks/moderatePicture.ts";
import { TagSchema } from "../../tasks/tagOptions.ts";
import type { Env } from "../env.ts";
import { checkEmbeddedBank, checkEmbeddedPolicies } from "../escalation/embedded.ts";
import { placeOf } from "./place.ts";

/** As JSON, in UTF-8: they are in a row of the database, which may have 2 MB, and a page of jobs tells those of 100. */
const MAX_OPTIONS_BYTES = 256 * 2 ** 10;

const object = (what: string) =>
  v.pipe(
    v.string(`must be the ${what}`),
    v.minLength(1, `must be the ${what}`),
    v.check((key) => !isTooLong(key), `may have ${MAX_KEY_BYTES} bytes at most`),
  );
const key = v.pipe(
  object("key of an object"),
  v.check((key) => !isOwn(key), "must be the key of an object that belongs to no batch"),
);
const input = either(
  [v.strictObject({ key }), v.strictObject({ prefix: object("prefix of keys") })],
  'must be {"key"} or {"prefix"}',
);

const job = {
  task: v.picklist(TASKS, `must be one of ${TASKS.join(", ")}`),
  model: v.optional(v.string("must be the id of the model")),
  priority: v.optional(v.picklist(PRIORITIES, `must be one of ${PRIORITIES.join(", ")}`), "normal"),
  callback_url: v.optional(
    v.pipe(v.string("must be an https address"), v.maxLength(2_000, "may have 2000 characters at most")),
  ),
};
const InQuerySchema = v.looseObject(job);
const InJsonSchema = v.looseObject({ ...job, input });

/** For the description of the API; which options go with which task is checked by taskOptions. */
export const BatchSchema = v.object({
  ...job,
  input: v.optional(input),
  ...v.partial(ClassifySchema).entries,
  ...v.partial(TagSchema).entries,
  ...v.partial(ModerateSchema).entries,
});

export interface BatchOptions {
  task: Task;
  /** undefined for the one that is deployed. */
  model: string | undefined;
  /** As they were given. */
  options: Record<string, unknown>;
  priority: number;
  callback: { url: string; secrets: string[] } | null;
  /** undefined where the lines are the body of the request. */
  input: JobInput | undefined;
}

const named = (field: string, message: string) => ({ errors: [{ parameter: field, pointer: `/${field}`, message }] });

/** @throws Problem `remote_refused`, `invalid_request` */
function callbackOf(url: string, { CALLBACK_HOSTS, CALLBACK_SECRETS }: Env): BatchOptions["callback"] {
  try {
    checkUrl(url, hostsOf(CALLBACK_HOSTS));
  } catch (error) {
    const { code, message } = Problem.from(error);
    throw new Problem(code, `callback_url: ${message}`, { ...named("callback_url", message), cause: error });
  }
  const secrets = hostsOf(CALLBACK_SECRETS);
  if (secrets.length > 0) return { url, secrets };
  const message = "cannot be signed: this deployment names no secret in CALLBACK_SECRETS";
  throw new Problem("invalid_request", `callback_url ${message}.`, named("callback_url", message));
}

/** What lines could only fail at is told before there are any. */
function checkTask(options: TaskOptions, deployment: Deployment, env: Env): void {
  if (options.task === "moderate") {
    checkModerator(deployment, env.ALLOW_DEMO_MODERATION);
    standardsOf(deployment, options);
  }
  if (options.task !== "classify" && options.task !== "tag") return;
  const { bank, labels = [], template } = options;
  if (bank !== undefined) bankOf(bank, deployment);
  if (env.TEXT || textsOf(labels, template).every((text) => text === undefined)) return;
  const message = "This deployment has no text tower: labels cannot be encoded, banks can be asked with.";
  throw new Problem("text_unavailable", message, named("labels", message));
}

/** The same for the big model, of which only the ids of banks and policies are known here. */
function checkBigTask(options: TaskOptions, big: BigModel, env: Env): void {
  if (options.task === "moderate") {
    checkModerator(big, env.ALLOW_DEMO_MODERATION);
    checkEmbeddedPolicies(options, big);
  }
  if (options.task !== "classify" && options.task !== "tag") return;
  const { bank, labels = [], template } = options;
  if (bank !== undefined) checkEmbeddedBank(bank, big);
  if (textsOf(labels, template).every((text) => text === undefined)) return;
  const message = `Labels are not embedded for ${big.manifest.id}: a bank can be asked with.`;
  throw new Problem("text_unavailable", message, named("labels", message));
}

/** @throws Problem `body_too_large` */
function checkBytes(options: BatchOptions["options"]): void {
  if (!exceeds(JSON.stringify(options), MAX_OPTIONS_BYTES)) return;
  const message = `The options of a batch may have ${MAX_OPTIONS_BYTES / 2 ** 10} KiB as JSON, the pictures of labels included: what is more belongs in a bank.`;
  throw new Problem("body_too_large", message);
}

/** @throws Problem naming the field that is wrong */
export function batchOptions(given: Given, deployment: Deployment, env: Env): BatchOptions {
  const { manifest } = deployment;
  const stated = parseOptions(given.form === "json" ? InJsonSchema : InQuerySchema, given);
  const { task, model, priority, callback_url, input, ...options } = { input: undefined, ...stated };
  const place = placeOf({ task, model }, deployment, env);
  const from = given.form === "json" ? input : undefined;
  const own = given.form === "json" || input === undefined ? options : { ...options, input };
  const asked = taskOptions(task, { options: own, form: given.form });
  checkBytes(own);
  const { big } = deployment;
  if (big && place.model.space === big.manifest.space) checkBigTask(asked, big, env);
  else checkTask(asked, deployment, env);
  return {
    // Left out where that says the same.
    model: model === manifest.id ? undefined : model,
    ...{ task, options: own, priority: PRIORITIES.indexOf(priority), input: from as JobInput | undefined },
    callback: callback_url === undefined ? null : callbackOf(callback_url, env),
  };
}
