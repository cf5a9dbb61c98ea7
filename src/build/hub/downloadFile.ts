// One file of the hub onto the disk: ranges in parallel, taken up again where they broke off, hashed at the end.
import { gitBlobOf, sha256Of } from "../hashFile.ts";
import type { RemoteFile } from "./describe.ts";
import type { Hub } from "./hub.ts";
import { type Asked, HubError } from "./hubError.ts";
import type { Limit } from "./limiter.ts";
import { type Chunk, PartFile } from "./partFile.ts";
import { retrying } from "./retrying.ts";
import { reasonOf, send } from "./send.ts";

const CHUNK_BYTES = 16 * 2 ** 20;
/** A connection that says nothing for so long is given up. */
const SILENCE_MS = 30_000;
const RESTARTS = 3;

/** The bytes at the address are not those that the first ones belong to. */
class Changed extends Error {}
/** The server sends the whole file, whatever range is asked for. */
class NoRanges extends Error {}

export interface DownloadOptions {
  hub: Hub;
  asked: Asked;
  limit: Limit;
  /** Bytes that arrived, negative where they have to be fetched again. */
  received: (bytes: number) => void;
  /** Gives up, leaving what is here for another time. */
  signal: AbortSignal;
  chunkBytes?: number;
}

/**
 * @param target the file's path; what is unfinished lies beside it as `.part`
 * @param expected SHA-256 in hexadecimal, where it is locked
 * @returns SHA-256 in hexadecimal
 * @throws Error when the content is not what was promised; nothing is left of it then
 */
export async function downloadFile(
  file: RemoteFile,
  target: string,
  expected: string | undefined,
  options: DownloadOptions,
): Promise<string> {
  const part = await PartFile.open(target, file, options.chunkBytes ?? CHUNK_BYTES);
  options.received(part.bytes);
  try {
    await fill(file, part, options);
  } catch (error) {
    await part.close();
    throw error;
  }
  const path = `${target}.part`;
  const sha256 = await sha256Of(path);
  const promised = file.etag.length === 64 ? file.etag : undefined;
  const wanted = expected ?? promised;
  const wrong =
    wanted !== undefined && sha256 !== wanted
      ? `sha256 ${sha256} instead of ${expected === undefined ? "the hub's" : "the locked"} ${wanted}`
      : promised === undefined && (await gitBlobOf(path)) !== file.etag
        ? `not the content that the hub calls ${file.etag}`
        : undefined;
  if (wrong) {
    await part.discard();
    throw new Error(`${options.asked.repo}/${file.path} arrived with ${wrong}. It has been removed.`);
  }
  await part.finish();
  return sha256;
}

async function fill(file: RemoteFile, part: PartFile, options: DownloadOptions): Promise<void> {
  for (let restarts = 0; ; restarts++) {
    try {
      await chunks(file, part, part.missing(), options);
      return;
    } catch (error) {
      if (!(error instanceof Changed || error instanceof NoRanges)) throw error;
      if (restarts >= RESTARTS)
        throw new Error(`${options.asked.repo}/${file.path}: ${error.message}, again and again.`, { cause: error });
      options.received(-part.bytes);
      await part.reset();
      if (error instanceof NoRanges) return await whole(file, part, options);
    }
  }
}

/** Fails as the first of them does, once the others have stopped. */
async function chunks(file: RemoteFile, part: PartFile, missing: Chunk[], options: DownloadOptions): Promise<void> {
  const own = new AbortController();
  const { signal } = own;
  const forward = () => own.abort(options.signal.reason);
  options.signal.addEventListener("abort", forward);
  if (options.signal.aborted) forward();
  await Promise.all(
    missing.map((chunk) =>
      options.limit(async () => {
        if (signal.aborted) return;
        await range(file, part, chunk, signal, options).catch((error: unknown) => own.abort(error));
      }),
    ),
  );
  options.signal.removeEventListener("abort", forward);
  // The reason is that of the first: later aborts change nothing.
  signal.throwIfAborted();
}

async function range(
  file: RemoteFile,
  part: PartFile,
  chunk: Chunk,
  signal: AbortSignal,
  { hub, asked, received }: DownloadOptions,
): Promise<void> {
  let at = chunk.from;
  try {
    await retrying(
      hub,
      async (progressed) => {
        const { validator } = part;
        const { response } = await send(hub, file.url, asked, {
          method: "GET",
          follow: "everywhere",
          headers: { range: `bytes=${at}-${chunk.to}`, ...(validator === null ? {} : { "if-range": validator }) },
          signal,
          accept: [416],
        });
        const etag = response.headers.get("etag");
        if (response.status !== 206) {
          await response.body?.cancel();
          if (response.status === 416) throw new Changed("it is shorter than the hub says");
          if (validator !== null && etag !== validator) throw new Changed("it is another file than before");
          throw new NoRanges("the server knows no ranges");
        }
        if (response.headers.get("content-range") !== `bytes ${at}-${chunk.to}/${file.bytes}`) {
          await response.body?.cancel();
          throw new Changed(`the server sends ${response.headers.get("content-range")} of ${file.bytes} bytes`);
        }
        const strong = etag !== null && !etag.startsWith("W/") ? etag : null;
        if (part.validator === null) part.validator = strong;
        else if (strong !== null && strong !== part.validator) {
          await response.body?.cancel();
          throw new Changed("it is another file than before");
        }
        for await (const piece of pieces(response, asked)) {
          if (at + piece.byteLength > chunk.to + 1) throw new Changed("the server sends more than was asked for");
          await part.write(piece, at);
          at += piece.byteLength;
          received(piece.byteLength);
          progressed();
        }
        if (at <= chunk.to) throw cutOff(asked);
      },
      signal,
    );
    await part.complete(chunk);
  } catch (error) {
    received(chunk.from - at);
    throw error;
  }
}

/** In one stream, from the start each time. */
async function whole(
  file: RemoteFile,
  part: PartFile,
  { hub, asked, limit, received, signal }: DownloadOptions,
): Promise<void> {
  await limit(() =>
    retrying(
      hub,
      async () => {
        const { response } = await send(hub, file.url, asked, { method: "GET", follow: "everywhere", signal });
        let at = 0;
        try {
          for await (const piece of pieces(response, asked)) {
            if (at + piece.byteLength > file.bytes)
              throw new HubError(
                `${asked.repo}/${file.path} is longer than the ${file.bytes} bytes that the hub says.`,
              );
            await part.write(piece, at);
            at += piece.byteLength;
            received(piece.byteLength);
          }
          if (at < file.bytes) throw cutOff(asked);
        } catch (error) {
          received(-at);
          throw error;
        }
      },
      signal,
    ),
  );
}

const cutOff = ({ repo, path }: Asked, cause?: unknown) =>
  new HubError(`${repo}/${path}: the connection broke off${cause === undefined ? "" : ` (${reasonOf(cause)})`}.`, {
    retry: true,
    cause,
  });

/** The body as it arrives. @throws HubError worth another attempt when it breaks off or falls silent */
async function* pieces({ body }: Response, asked: Asked): AsyncGenerator<Uint8Array> {
  if (!body) throw cutOff(asked);
  const reader = body.getReader();
  try {
    for (;;) {
      let timer: NodeJS.Timeout | undefined;
      const silence = new Promise<never>((_, fail) => {
        timer = setTimeout(() => fail(new Error(`nothing for ${SILENCE_MS / 1000} s`)), SILENCE_MS);
      });
      const { done, value } = await Promise.race([reader.read(), silence])
        .catch((cause: unknown) => {
          throw cutOff(asked, cause);
        })
        .finally(() => clearTimeout(timer));
      if (done) return;
      yield value;
    }
  } finally {
    // Whatever is still on its way is of no use; a stream that broke cannot be cancelled any more.
    await reader.cancel().catch(() => undefined);
  }
}
