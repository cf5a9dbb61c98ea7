// Node's HTTP server around the app: requests in, Responses out, and an end that loses none of those in flight.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { readBody } from "./readBody.ts";

/** What the app sees of a request. */
export interface BackendRequest {
  method: string;
  url: string;
  headers: Headers;
  /** Bytes of the body as declared, Infinity where that is not told. */
  declared: number;
  /** Aborted when the client goes away. */
  signal: AbortSignal;
  /** @throws Problem `body_too_large` past so many bytes */
  body(cap: number): Promise<Uint8Array>;
}

export interface Listener {
  port: number;
  /** Resolves when no request is in flight and the port is closed. */
  close(): Promise<void>;
}

/** A body must be there within this time. */
const REQUEST_MS = 60_000;
/** Longer than clients and proxies keep theirs, so that it is they who end an idle connection. */
const KEEP_ALIVE_MS = 75_000;
/** A refused body up to this is read to its end and dropped, so that its client sees the answer and keeps its connection. */
const DROPPABLE = 64 * 2 ** 20;

const BASE = "http://backend.internal";

function declaredOf({ headers }: IncomingMessage): number {
  if (headers["transfer-encoding"] !== undefined) return Number.POSITIVE_INFINITY;
  return Number(headers["content-length"] ?? 0);
}

function headersOf(request: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, values] of Object.entries(request.headersDistinct))
    for (const value of values ?? []) headers.append(name, value);
  return headers;
}

/** A target that is no URL, such as `//`, is a path that nobody has. */
const urlOf = ({ url = "/" }: IncomingMessage): string =>
  URL.canParse(url, BASE) ? new URL(url, BASE).href : `${BASE}/no-url`;

async function send(response: ServerResponse, answer: Response, keep: boolean): Promise<void> {
  const body = Buffer.from(await answer.arrayBuffer());
  for (const [name, value] of answer.headers) response.setHeader(name, value);
  response.setHeader("content-length", body.byteLength);
  if (!keep) response.setHeader("connection", "close");
  response.writeHead(answer.status);
  response.end(body);
}

export function listen(
  app: (request: BackendRequest) => Promise<Response>,
  { host, port }: { host: string; port: number },
): Promise<Listener> {
  let inFlight = 0;
  const idle = Promise.withResolvers<void>();
  let closing = false;
  const settle = () => {
    if (closing && inFlight === 0) idle.resolve();
  };
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const declared = declaredOf(request);
    const answer = await app({
      method: request.method ?? "GET",
      url: urlOf(request),
      headers: headersOf(request),
      declared,
      signal: gone.signal,
      body: (cap) => readBody(request, cap),
    });
    const droppable = !request.readableDidRead && declared <= DROPPABLE;
    if (!response.destroyed) await send(response, answer, request.readableEnded || droppable);
  };
  const server = createServer(
    { requestTimeout: REQUEST_MS, keepAliveTimeout: KEEP_ALIVE_MS, noDelay: true },
    (request, response) => {
      inFlight++;
      response.once("close", () => {
        inFlight--;
        settle();
      });
      answer(request, response).catch((error: unknown) => {
        console.error(error);
        response.destroy();
      });
    },
  );
  return new Promise((opened, failed) => {
    server.once("error", failed);
    server.listen(port, host, () => {
      const address = server.address();
      opened({
        port: typeof address === "object" && address ? address.port : port,
        async close() {
          closing = true;
          settle();
          await idle.promise;
          await new Promise((closed) => server.close(closed));
        },
      });
    });
  });
}
