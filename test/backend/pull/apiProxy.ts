// In front of the api: passes everything on, but for what a test lets fail, wait or break off.
import { request as ask, createServer, type IncomingMessage, type ServerResponse } from "node:http";

/** What happens to a request: a status that is answered in place, `cut` after some of the answer, or nothing special. */
type Fate = number | "cut" | undefined;

export interface ApiProxy {
  url: string;
  /** Asked for each request. */
  fate: (path: string) => Fate | Promise<Fate>;
  close(): void;
}

const CUT_AFTER = 50_000;

export async function apiProxy(target: string): Promise<ApiProxy> {
  const pass = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const path = incoming.url ?? "/";
    const fate = await made.fate(path);
    if (typeof fate === "number") {
      incoming.resume();
      outgoing.writeHead(fate).end();
      return;
    }
    const { method, headers } = incoming;
    const { port } = new URL(target);
    const forwarded = ask({ host: "127.0.0.1", port, path, method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      let passed = 0;
      answer.on("data", (chunk: Buffer) => {
        passed += chunk.length;
        outgoing.write(chunk);
        if (fate === "cut" && passed > CUT_AFTER) outgoing.destroy();
      });
      answer.on("end", () => outgoing.end());
      answer.on("error", () => outgoing.destroy());
      outgoing.once("close", () => answer.destroy());
    });
    forwarded.on("error", () => outgoing.destroy());
    incoming.pipe(forwarded);
  };
  const server = createServer((incoming, outgoing) => void pass(incoming, outgoing));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const made: ApiProxy = {
    url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`,
    fate: () => undefined,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  return made;
}
