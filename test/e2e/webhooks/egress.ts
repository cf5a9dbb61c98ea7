// A Worker that the tests put between the collection and what it calls. Requests to elsewhere go to a server on loopback;
// those to the vision Worker go on to it, unless that server says that it is away.

interface Env {
  LOOPBACK: string;
  VISION: Fetcher;
}

export default {
  async fetch(request: Request, { LOOPBACK, VISION }: Env): Promise<Response> {
    const { hostname, pathname, search } = new URL(request.url);
    if (hostname === "edgeclip.internal") {
      const { ok } = await fetch(`${LOOPBACK}/vision`);
      return ok ? VISION.fetch(request) : new Response(null, { status: 503 });
    }
    const { method, headers, body } = request;
    return fetch(`${LOOPBACK}${pathname}${search}`, { method, headers, body, redirect: "manual" });
  },
};
