// The endpoints of `api` for backends that pull: a chunk is taken with its pictures, its vectors are brought, or it is given back.
import * as v from "valibot";
import { encodeFrame, FRAMES, type Frame, readFrames } from "../../core/batch/frames.ts";
import {
  type ChunkHeader,
  ChunkHeaderSchema,
  CommitSchema,
  type PullModel,
  PullModelSchema,
} from "../../core/batch/pulled.ts";
import { Problem } from "../../core/problem.ts";
import { retryAfter } from "../../core/webhook/retryAfter.ts";

/** Until an answer begins; a chunk's pictures come as they are decoded. */
const TIMEOUT_MS = 120_000;
/** Of one line: many views of a large model. */
const MAX_FRAME_BYTES = 512 * 2 ** 20;

export interface Taken {
  header: ChunkHeader;
  /** One a line, in order. */
  rows: AsyncGenerator<Frame>;
}

const unavailable = (detail: string, options: ConstructorParameters<typeof Problem>[2] = {}): Problem =>
  new Problem("backend_unavailable", detail, options);

async function failureOf(response: Response): Promise<Problem> {
  const seconds = retryAfter(response.headers, Date.now());
  const problem = await Problem.fromResponse(response);
  const options = seconds === undefined ? {} : { retryAfter: seconds };
  if (problem) return new Problem(problem.code, problem.message, options);
  return unavailable(`the api answered ${response.status}`, options);
}

export class PullApi {
  readonly #url: string;
  readonly #key: string;

  constructor(url: string, key: string) {
    this.#url = url;
    this.#key = key;
  }

  /** @throws Problem of the api, `backend_unavailable` where it does not answer */
  async #call(path: string, init: RequestInit, signal?: AbortSignal): Promise<Response> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), TIMEOUT_MS);
    let response: Response;
    try {
      response = await fetch(`${this.#url}/v1/backend${path}`, {
        ...init,
        redirect: "error",
        signal: signal ? AbortSignal.any([late.signal, signal]) : late.signal,
        headers: { authorization: `Bearer ${this.#key}`, ...init.headers },
      });
    } catch (cause) {
      throw unavailable("the api did not answer", { cause });
    } finally {
      clearTimeout(timer);
    }
    if (!response.ok) throw await failureOf(response);
    return response;
  }

  #json(path: string, body: object, signal?: AbortSignal): Promise<Response> {
    const headers = { "content-type": "application/json" };
    return this.#call(path, { method: "POST", headers, body: JSON.stringify(body) }, signal);
  }

  async model(): Promise<PullModel> {
    return v.parse(PullModelSchema, await (await this.#call("/model", { method: "GET" })).json());
  }

  /** @returns undefined where nothing is due */
  async take(space: string, leaseSeconds: number, signal: AbortSignal): Promise<Taken | undefined> {
    const response = await this.#json("/chunks", { space, lease_seconds: leaseSeconds }, signal);
    if (response.status === 204 || !response.body) return undefined;
    const frames = readFrames(response.body, MAX_FRAME_BYTES);
    const first = await frames.next();
    const header = v.safeParse(ChunkHeaderSchema, first.value?.header);
    if (!header.success) throw unavailable(`the api's chunk has no header: ${header.issues[0].message}`);
    return { header: header.output, rows: frames };
  }

  /** @param rows one a line, in order, with the vectors of each */
  async commit({ chunk, lease, model }: ChunkHeader, rows: readonly [header: object, vectors: Float32Array[]][]) {
    const query = new URLSearchParams({ chunk, lease: String(lease), space: model.space });
    const frames = rows.map(([header, vectors]) =>
      encodeFrame(
        header,
        vectors.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength)),
      ),
    );
    const init = { method: "POST", headers: { "content-type": FRAMES }, body: Buffer.concat(frames) };
    const response = await this.#call(`/results?${query}`, init);
    return v.parse(CommitSchema, await response.json()).state;
  }

  async giveBack({ chunk, lease }: ChunkHeader): Promise<void> {
    await this.#json("/returns", { chunk, lease });
  }
}
