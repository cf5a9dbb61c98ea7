// A hub on loopback that speaks the public one's protocol: revisions, HEAD with x-linked-*, redirects to signed addresses of
// another host, ranges with If-Range, x-error-code. It misbehaves as a test tells it to.
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

interface HubFile {
  content: Buffer;
  /** In LFS (and so on the other host) or in Git itself. */
  lfs: boolean;
  /** What x-linked-etag says instead of the truth. */
  claimedSha256?: string;
  claimedSize?: number;
}

interface Seen {
  host: "hub" | "cdn";
  method: string;
  path: string;
  headers: IncomingMessage["headers"];
  status: number;
}

export interface FakeHub {
  url: string;
  commit: string;
  files: Map<string, HubFile>;
  /** In order, what was asked and how it was answered. */
  seen: Seen[];
  /** Card's licence. */
  licence: string | undefined;
  /** Answers instead of the usual when it returns true. */
  interfere: (host: Seen["host"], request: IncomingMessage, response: ServerResponse) => boolean;
  /** Etag that the delivering host gives now. */
  version: string;
  close(): void;
}

export const sha256 = (content: Buffer): string => createHash("sha256").update(content).digest("hex");
const gitBlob = (content: Buffer): string =>
  createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");

const listen = (server: Server): Promise<number> =>
  new Promise((resolve) => server.listen(0, () => resolve((server.address() as AddressInfo).port)));

/** @param repo `<owner>/<name>` */
export async function startHub(repo: string, revision = "main"): Promise<FakeHub> {
  const commit = createHash("sha1").update(repo).digest("hex");
  const files: FakeHub["files"] = new Map();
  let cdnPort = 0;

  const hub: FakeHub = {
    url: "",
    commit,
    files,
    seen: [],
    licence: "mit",
    interfere: () => false,
    version: "v1",
    close() {
      for (const server of [front, cdn]) {
        server.closeAllConnections();
        server.close();
      }
    },
  };

  const serve =
    (host: Seen["host"], answer: (path: string, request: IncomingMessage, response: ServerResponse) => void) =>
    (request: IncomingMessage, response: ServerResponse) => {
      const { method = "", url = "", headers } = request;
      response.once("close", () => hub.seen.push({ host, method, path: url, headers, status: response.statusCode }));
      if (hub.interfere(host, request, response)) return;
      answer(decodeURIComponent(url.split("?")[0] ?? ""), request, response);
    };
  const refuse = (response: ServerResponse, status: number, code: string) =>
    response.writeHead(status, { "x-error-code": code }).end(code);

  const front = createServer(
    serve("hub", (path, request, response) => {
      const model = `/api/models/${repo}/revision/`;
      if (path.startsWith(model)) {
        const asked = path.slice(model.length);
        if (asked !== revision && asked !== commit) return refuse(response, 404, "RevisionNotFound");
        const siblings = [...files.keys()].map((rfilename) => ({ rfilename }));
        return response
          .writeHead(200, { "content-type": "application/json" })
          .end(JSON.stringify({ id: repo, sha: commit, siblings, cardData: { license: hub.licence } }));
      }
      // Git files are served from a cache of the hub's own, behind a relative redirect.
      const cached = `/api/resolve-cache/models/${repo}/${commit}/`;
      const file = files.get(path.slice(cached.length));
      if (path.startsWith(cached) && file) {
        const { content } = file;
        const told = {
          etag: `"${gitBlob(content)}"`,
          "x-repo-commit": commit,
          "content-length": String(content.length),
        };
        return deliver(request, response, content, told);
      }
      const resolve = `/${repo}/resolve/`;
      if (!path.startsWith(resolve)) return refuse(response, 401, "RepoNotFound");
      const [asked = "", ...rest] = path.slice(resolve.length).split("/");
      const name = rest.join("/");
      const wanted = files.get(name);
      if (asked !== revision && asked !== commit) return refuse(response, 404, "RevisionNotFound");
      if (!wanted) return refuse(response, 404, "EntryNotFound");
      const { content, lfs, claimedSha256, claimedSize } = wanted;
      if (!lfs) return response.writeHead(307, { location: `${cached}${name}` }).end();
      return response
        .writeHead(302, {
          location: `http://localhost:${cdnPort}/${sha256(content)}?name=${encodeURIComponent(name)}&Signature=abc&Expires=1`,
          "x-repo-commit": commit,
          "x-linked-size": String(claimedSize ?? content.length),
          "x-linked-etag": `"${claimedSha256 ?? sha256(content)}"`,
          "accept-ranges": "bytes",
        })
        .end();
    }),
  );
  const cdn = createServer(
    serve("cdn", (_path, request, response) => {
      const name = new URL(request.url ?? "", "http://x").searchParams.get("name") ?? "";
      const content = files.get(name)?.content ?? Buffer.alloc(0);
      deliver(request, response, content, { etag: `"${hub.version}-${name}"` });
    }),
  );
  hub.url = `http://127.0.0.1:${await listen(front)}`;
  cdnPort = await listen(cdn);
  return hub;
}

/** Bytes with RFC 9110's ranges. */
export function deliver(
  request: IncomingMessage,
  response: ServerResponse,
  content: Buffer,
  headers: Record<string, string>,
): unknown {
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
  const condition = request.headers["if-range"];
  if (from === undefined || (condition !== undefined && condition !== headers.etag))
    return response.writeHead(200, { ...headers, "content-length": String(content.length) }).end(content);
  const last = Math.min(Number(to), content.length - 1);
  if (Number(from) > last) return response.writeHead(416, { "content-range": `bytes */${content.length}` }).end();
  const part = content.subarray(Number(from), last + 1);
  return response
    .writeHead(206, {
      ...headers,
      "content-range": `bytes ${from}-${last}/${content.length}`,
      "content-length": String(part.length),
    })
    .end(part);
}
