// What the hub says of a repository's revision, and of one file in it, before anything is downloaded.
import * as v from "valibot";
import { fileUrl, type Hub, revisionUrl } from "./hub.ts";
import { HubError } from "./hubError.ts";
import { retrying } from "./retrying.ts";
import { send } from "./send.ts";

const RevisionSchema = v.object({
  sha: v.pipe(v.string(), v.regex(/^[0-9a-f]{40}$/)),
  siblings: v.array(v.object({ rfilename: v.string() })),
  cardData: v.nullish(v.object({ license: v.nullish(v.unknown()) })),
});

export interface Revision {
  /** The commit that the name stood for. */
  commit: string;
  /** Paths of its files. */
  files: Set<string>;
  /** As the model card says it, when it says one. */
  licence: string | undefined;
}

/** @throws HubError */
export async function describeRevision(hub: Hub, repo: string, revision: string): Promise<Revision> {
  const url = revisionUrl(hub, repo, revision);
  const asked = { repo, revision };
  const json: unknown = await retrying(hub, async () =>
    (await send(hub, url, asked, { method: "GET", follow: "hub" })).response.json().catch((cause: unknown) => {
      throw new HubError(`${url.host} describes ${repo} in something that is not JSON.`, { cause, retry: true });
    }),
  );
  const parsed = v.safeParse(RevisionSchema, json);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new HubError(`${url.host} describes ${repo} strangely: ${v.getDotPath(issue)}: ${issue.message}`);
  }
  const { sha, siblings, cardData } = parsed.output;
  const licence = cardData?.license;
  return {
    commit: sha,
    files: new Set(siblings.map(({ rfilename }) => rfilename)),
    licence: typeof licence === "string" ? licence : undefined,
  };
}

export interface RemoteFile {
  path: string;
  url: URL;
  bytes: number;
  /** SHA-256 in hexadecimal of a file in LFS, or the SHA-1 of a Git blob: what the hub calls the etag. */
  etag: string;
}

/** @throws HubError when the hub answers for another commit, or without size or etag */
export async function describeFile(hub: Hub, repo: string, commit: string, path: string): Promise<RemoteFile> {
  const url = fileUrl(hub, repo, commit, path);
  const asked = { repo, revision: commit, path };
  const { response, header } = await retrying(hub, () => send(hub, url, asked, { method: "HEAD", follow: "hub" }));
  const answered = header("x-repo-commit");
  if (answered !== null && answered !== commit)
    throw new HubError(`${repo}/${path}: asked for commit ${commit}, the hub answers for ${answered}.`);
  const length = response.ok ? response.headers.get("content-length") : null;
  const bytes = Number(header("x-linked-size") ?? length ?? "");
  const etag = (header("x-linked-etag") ?? header("etag") ?? "").replace(/^W\//, "").replaceAll('"', "");
  if (!Number.isSafeInteger(bytes) || bytes <= 0) throw new HubError(`${repo}/${path}: the hub tells no size.`);
  if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(etag)) throw new HubError(`${repo}/${path}: the hub tells no hash.`);
  return { path, url, bytes, etag };
}
