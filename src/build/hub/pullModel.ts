// A known model from the hub into a folder: resolved, checked against the lock, downloaded, hashed, locked.
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { gitBlobOf, sha256Of } from "../hashFile.ts";
import type { KnownModel, Layout } from "../registry/schema.ts";
import { size } from "../terminal/amounts.ts";
import { Progress, type Screen } from "../terminal/progress.ts";
import { chooseFiles, shardsOf } from "./chooseFiles.ts";
import { describeFile, describeRevision, type RemoteFile } from "./describe.ts";
import { type DownloadOptions, downloadFile } from "./downloadFile.ts";
import type { Hub } from "./hub.ts";
import { limiter } from "./limiter.ts";
import { type Locked, readLock, writeLocked } from "./lock.ts";

/** Room for what else happens on the disk meanwhile. */
const SPARE_BYTES = 64e6;

export interface PullOptions {
  hub: Hub;
  model: KnownModel;
  layout: Layout;
  outDir: string;
  lockPath: string;
  /** Another revision than the registry's; with `update` only, once the model is locked. */
  revision: string | undefined;
  /** Resolves the revision anew and locks what it is now. */
  update: boolean;
  /** Connections at a time. */
  parallel: number;
  freeBytes: (dir: string) => Promise<number>;
  /** Told the licence; throws where it is not agreed to. @param card what the model card on the hub says of it */
  agree: (model: KnownModel, card: string | undefined) => Promise<void>;
  log: (line: string) => void;
  screen: Screen;
  chunkBytes?: number;
}

/** @returns what is locked, after everything is on the disk and is what it should be */
export async function pullModel(options: PullOptions): Promise<Locked> {
  const { hub, model, outDir, lockPath, log, screen } = options;
  const locked = options.update ? undefined : (await readLock(lockPath)).models[model.id];
  if (locked && locked.repo !== model.repo)
    throw new Error(
      `${lockPath} has ${model.id} from ${locked.repo}, the registry from ${model.repo}; --update locks anew.`,
    );
  if (locked && options.revision !== undefined && options.revision !== locked.revision)
    throw new Error(`${lockPath} has ${model.id} at ${locked.revision}; another revision needs --update.`);

  const limit = limiter(options.parallel);
  const wanted = options.revision ?? model.revision;
  const revision = locked ? undefined : await describeRevision(hub, model.repo, wanted);
  const commit = locked?.revision ?? revision?.commit ?? wanted;
  await options.agree(model, revision?.licence);
  const describe = (paths: readonly string[]) =>
    Promise.all(paths.map((path) => limit(() => describeFile(hub, model.repo, commit, path))));
  const giveUp = new AbortController();
  const common = {
    hub,
    limit,
    signal: giveUp.signal,
    ...(options.chunkBytes === undefined ? {} : { chunkBytes: options.chunkBytes }),
  };
  const download = (file: RemoteFile, received: DownloadOptions["received"], sha256: string | undefined) =>
    downloadFile(file, join(outDir, file.path), sha256, {
      ...common,
      asked: { repo: model.repo, revision: commit, path: file.path },
      received,
    });

  let files: RemoteFile[];
  if (locked) {
    files = await describe(locked.files.map(({ path }) => path));
    for (const file of files) checkLocked(lockPath, model, locked, file);
  } else {
    const { paths, index } = chooseFiles(model.repo, revision?.files ?? new Set(), options.layout);
    files = await describe(paths);
    const indexFile = files.find(({ path }) => path === index);
    if (indexFile) {
      await download(indexFile, () => undefined, undefined);
      files.push(
        ...(await describe(shardsOf(indexFile.path, JSON.parse(await readFile(join(outDir, indexFile.path), "utf8"))))),
      );
    }
  }
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  log(
    `${model.title}: ${model.repo} at ${commit.slice(0, 8)}${locked ? ", as locked" : ""}, ${files.length} files, ${size(total)}`,
  );

  const hashes = new Map<string, string>();
  const missing: RemoteFile[] = [];
  for (const file of files) {
    const present = await hashIfPresent(join(outDir, file.path), file, lockedHash(locked, file.path));
    if (present) hashes.set(file.path, present);
    else missing.push(file);
  }
  await checkSpace(options, missing);
  const toFetch = missing.reduce((sum, { bytes }) => sum + bytes, 0);
  const progress = new Progress({ label: model.id, total: toFetch, say: size, screen });
  const started = performance.now();
  try {
    await Promise.allSettled(
      missing.map(async (file) => {
        let first = true;
        const received = (bytes: number) => {
          // What an earlier download left was not fetched now.
          progress.add(bytes, first);
          first = false;
        };
        const sha256 = await download(file, received, lockedHash(locked, file.path)).catch((error: unknown) => {
          giveUp.abort(error);
          throw error;
        });
        hashes.set(file.path, sha256);
      }),
    );
    // All have stopped and closed their files by now.
    giveUp.signal.throwIfAborted();
  } finally {
    progress.end();
  }
  const seconds = (performance.now() - started) / 1000;
  log(
    missing.length === 0
      ? "Everything was there already."
      : `${size(toFetch)} fetched and checked in ${seconds.toFixed(1)} s.`,
  );

  if (locked) return locked;
  const now: Locked = {
    repo: model.repo,
    revision: commit,
    licence: model.licence.id,
    files: files.map(({ path, bytes }) => ({ path, bytes, sha256: `sha256:${hashes.get(path)}` })),
  };
  await writeLocked(lockPath, model.id, now);
  log(`${lockPath} holds revision, sizes and hashes from now on: commit it.`);
  return now;
}

const lockedHash = (locked: Locked | undefined, path: string): string | undefined =>
  locked?.files.find((file) => file.path === path)?.sha256.slice("sha256:".length);

/** The same revision must be the same bytes, and the hub says so before any is fetched. */
function checkLocked(lockPath: string, { id, repo }: KnownModel, locked: Locked, file: RemoteFile): void {
  const known = locked.files.find(({ path }) => path === file.path);
  const hash = file.etag.length === 64 ? `sha256:${file.etag}` : undefined;
  if (known?.bytes === file.bytes && (hash === undefined || known.sha256 === hash)) return;
  throw new Error(
    `${repo}/${file.path} at ${locked.revision} is not what ${lockPath} has for ${id}: ${file.bytes} bytes, ${hash ?? file.etag} ` +
      `instead of ${known?.bytes} bytes, ${known?.sha256}. Somebody changed it; --update locks it anew if you trust that.`,
  );
}

/** @returns SHA-256 of the file when it is there and is the one that is wanted */
async function hashIfPresent(
  path: string,
  { bytes, etag }: RemoteFile,
  locked: string | undefined,
): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found?.size !== bytes) return undefined;
  const sha256 = await sha256Of(path);
  if (locked !== undefined) return sha256 === locked ? sha256 : undefined;
  const same = etag.length === 64 ? sha256 === etag : (await gitBlobOf(path)) === etag;
  return same ? sha256 : undefined;
}

async function checkSpace({ outDir, freeBytes }: PullOptions, missing: readonly RemoteFile[]): Promise<void> {
  let needed = 0;
  for (const { path, bytes } of missing) {
    // Allocated blocks: an unfinished file has holes.
    const part = await stat(join(outDir, `${path}.part`)).catch(() => undefined);
    needed += Math.max(0, bytes - (part?.blocks ?? 0) * 512);
  }
  if (needed === 0) return;
  const free = await freeBytes(outDir);
  if (needed + SPARE_BYTES > free)
    throw new Error(
      `${outDir}: ${size(needed)} are to come, and ${size(free)} are free (${size(SPARE_BYTES)} are kept spare).`,
    );
}
