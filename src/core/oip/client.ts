// A caller of an Open Inference Protocol v2 server somewhere else: our own backend, Triton, KServe. It asks once; trying again is its caller's.
import * as v from "valibot";
import { Problem } from "../problem.ts";
import { retryAfter } from "../webhook/retryAfter.ts";
import { decodeResponse, HEADER_LENGTH } from "./decode.ts";
import { encodeRequest } from "./encode.ts";
import type { Tensor } from "./tensor.ts";

/** Must not follow redirects by itself: the key is meant for one address. */
export type BackendFetch = (
  url: string,
  init: {
    method: "GET" | "POST";
    redirect: "manual";
    signal: AbortSignal;
    headers: Record<string, string>;
    body?: Uint8Array<ArrayBuffer>;
  },
) => Promise<Response>;

export interface Backend {
  /** In front of `/v2`, e.g. `https://gpu.example.com`. */
  url: string;
  /** Sent as `Authorization: Bearer <key>`; undefined sends none. */
  key: string | undefined;
  /** For the whole of one call, its answer included. */
  timeoutMs: number;
}

export interface Inference {
  /** Of the model that answered; our backend's is the first eight digits of its pack. */
  version: string | undefined;
  outputs: Tensor[];
}

const MetadataSchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({
    name: v.string(),
    versions: v.optional(v.array(v.string()), []),
    /** What our own servers add; Triton tells it in the model's configuration. */
    parameters: v.optional(
      v.object({
        id: v.optional(v.string()),
        space: v.optional(v.string()),
        pack: v.optional(v.string()),
        max_pictures: v.optional(v.number()),
        max_tokens: v.optional(v.number()),
      }),
      {},
    ),
  }),
);
export type ModelMetadata = v.InferOutput<typeof MetadataSchema> & {
  /** Its versions do not tell packs apart: what it serves may change unseen. */
  configured?: true;
};

const unavailable = (detail: string, options: ConstructorParameters<typeof Problem>[2] = {}): Problem =>
  new Problem("backend_unavailable", detail, options);

/** What the request itself is at fault for; asking again, or somebody else, gives the same. */
const REFUSED = new Set([400, 413, 415, 422]);

/** `error` is what OIP's failures hold, ours and those of others. */
const ErrorSchema = v.pipe(v.string(), v.parseJson(), v.object({ error: v.string() }));

async function failureOf(response: Response, model: string): Promise<Problem> {
  const { status, headers } = response;
  const text = await response.text();
  const parsed = v.safeParse(ErrorSchema, text);
  const message = parsed.success ? parsed.output.error : `status ${status}`;
  if (!REFUSED.has(status)) {
    const seconds = retryAfter(headers, Date.now());
    const detail = `The backend answered for ${model}: ${message}`;
    return unavailable(detail, seconds === undefined ? {} : { retryAfter: seconds });
  }
  const type = headers.get("content-type") ?? "";
  const problem = await Problem.fromResponse(new Response(text, { headers: { "content-type": type } }));
  return problem ?? new Problem("invalid_request", `The backend refused: ${message}`);
}

async function call<T>(
  fetch: BackendFetch,
  { url, key, timeoutMs }: Backend,
  model: string,
  request: { path: string; method: "GET" | "POST"; headers: Record<string, string>; body?: Uint8Array<ArrayBuffer> },
  read: (response: Response) => Promise<T>,
): Promise<T> {
  const { path, method, headers, body } = request;
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), timeoutMs);
  try {
    const response = await fetch(`${url.replace(/\/+$/, "")}/v2/models/${encodeURIComponent(model)}${path}`, {
      method,
      redirect: "manual",
      signal: controller.signal,
      headers: { ...headers, ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
      ...(body === undefined ? {} : { body }),
    });
    if (!response.ok) throw await failureOf(response, model);
    return await read(response);
  } catch (cause) {
    if (cause instanceof Problem) throw cause;
    const late = controller.signal.aborted;
    throw unavailable(late ? `The backend did not answer within ${timeoutMs} ms.` : "The backend did not answer.", {
      cause,
    });
  } finally {
    clearTimeout(timer);
  }
}

/**
 * One inference, binary both ways.
 * @throws Problem `backend_unavailable` (with `retryAfter` where the backend names one) when another backend or a later
 * moment may do better; `invalid_request`, `body_too_large` … when the request itself is refused
 */
export const infer = (fetch: BackendFetch, backend: Backend, model: string, inputs: Tensor[]): Promise<Inference> =>
  call(fetch, backend, model, { path: "/infer", method: "POST", ...encodeRequest(inputs) }, async (response) => {
    const body = new Uint8Array(await response.arrayBuffer());
    try {
      return decodeResponse(body, response.headers.get(HEADER_LENGTH));
    } catch (cause) {
      throw unavailable(`The backend's answer for ${model} is no OIP v2.`, { cause });
    }
  });

const ConfigSchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({
    max_batch_size: v.optional(v.number(), 0),
    parameters: v.optional(v.record(v.string(), v.object({ string_value: v.optional(v.string()) })), {}),
  }),
);

/**
 * What `models export --to triton` wrote into the model's configuration, which Triton tells apart from its metadata.
 * https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/protocol/extension_model_configuration.html
 */
const readConfig = (fetch: BackendFetch, backend: Backend, model: string): Promise<ModelMetadata["parameters"]> =>
  call(fetch, backend, model, { path: "/config", method: "GET", headers: {} }, async (response) => {
    const config = v.safeParse(ConfigSchema, await response.text());
    if (!config.success) throw unavailable(`The backend's configuration of ${model} cannot be read.`);
    const { max_batch_size, parameters } = config.output;
    const own = (name: string) => parameters[`edgeclip_${name}`]?.string_value;
    const [id, space, pack] = [own("id"), own("space"), own("pack")];
    const told = {
      ...(id !== undefined && { id }),
      ...(space !== undefined && { space }),
      ...(pack !== undefined && { pack }),
    };
    return { ...told, ...(max_batch_size > 0 && { max_pictures: max_batch_size }) };
  });

/** What the model is; its space is to be compared before its vectors are. @throws Problem like `infer` */
export async function readModel(fetch: BackendFetch, backend: Backend, model: string): Promise<ModelMetadata> {
  const metadata = await call(fetch, backend, model, { path: "", method: "GET", headers: {} }, async (response) => {
    const read = v.safeParse(MetadataSchema, await response.text());
    if (!read.success) throw unavailable(`The backend's answer for ${model} is no OIP v2.`);
    return read.output;
  });
  if (metadata.parameters.space !== undefined) return metadata;
  return { ...metadata, parameters: await readConfig(fetch, backend, model), configured: true };
}
