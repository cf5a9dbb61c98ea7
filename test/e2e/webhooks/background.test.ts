// What is judged in the background, and the webhooks back: tried again, dead, replayed, found by the sweep.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { address, payload, refusal, verdictOf, webhooks } from "./webhooks.ts";

const { admin, elsewhere, restart, send, toldTo, url } = webhooks("background");

let slow: Promise<Response>;
beforeAll(() => {
  // Longer than an answer may take; looked at by the last test but one.
  slow = send("slow", payload(["slow.jpg", "hat.jpg"]));
  slow.catch(() => {}); // told by that test
});

/** More than are judged at once, and none that takes long. */
const GONE = Array(5).fill("gone.jpg");
const SEVEN = ["hat", "pants", "skirt", "dress", "jacket", "shoes", "missing"].map((name) => `${name}.jpg`);

describe("what takes longer", () => {
  test("many pictures are queued; the receiver is told, and the sender when it asks again", async () => {
    const [id, body] = [randomUUID(), payload(SEVEN)];
    const response = await send("taken", body, { id });
    const { id: receipt } = (await response.json()) as { id: string };
    expect(response.status).toBe(202);
    await elsewhere.waitFor("taken", 1);
    const told = toldTo("taken");
    expect(told).toMatchObject({ id: receipt, source: "taken", webhook_id: id });
    expect(told.pictures.map(({ url }) => url)).toEqual(SEVEN.map(address));
    expect(told.pictures.at(-1)?.reasons[0]?.code).toBe("remote_failed");
    expect(["review", "block"]).toContain(told.decision);
    const { source: _source, webhook_id: _webhook, ...answer } = told;
    expect(await verdictOf(await send("taken", body, { id }))).toEqual(answer);
  });

  test("while the model is away webhooks wait, and are judged when it is back", async () => {
    elsewhere.visionAway = true;
    expect((await send("away", payload(["hat.jpg"]))).status).toBe(202);
    await sleep(300);
    elsewhere.visionAway = false;
    await elsewhere.waitFor("away", 1);
    expect(toldTo("away").pictures[0]?.reasons.map(({ code }) => code)).not.toContain("model_unavailable");
  });

  test("when it stays away they are for people to look at", async () => {
    elsewhere.visionAway = true;
    expect((await send("away", payload(["pants.jpg"]))).status).toBe(202);
    await elsewhere.waitFor("away", 2);
    elsewhere.visionAway = false;
    expect(toldTo("away")).toMatchObject({ decision: "review", reasons: [{ code: "model_unavailable" }] });
  });
});

interface Delivery {
  id: string;
  url: string;
  attempts: number;
  last_status: number | null;
  last_error: string | null;
  endpoint_disabled_at: string | null;
}
async function dead(receiver: string, count = 1): Promise<Delivery[]> {
  for (const until = Date.now() + 15_000; Date.now() < until; await sleep(100)) {
    const { data } = (await (await admin("deliveries?state=dead&limit=100")).json()) as { data: Delivery[] };
    const found = data.filter(({ url }) => url.endsWith(`/${receiver}`));
    if (found.length >= count) return found;
  }
  throw new Error(`no delivery to ${receiver} died`);
}
const queue = async (source: string) => expect((await send(source, payload(GONE))).status).toBe(202);

describe.concurrent("receivers", () => {
  test("500 and then 200: tried again under the same id", async () => {
    elsewhere.answer("flaky", [500], [200]);
    await queue("flaky");
    const [first, second] = await elsewhere.waitFor("flaky", 2);
    expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
    expect(second?.body).toBe(first?.body);
    expect(toldTo("flaky").source).toBe("flaky");
  });

  test("Retry-After is waited for", async () => {
    elsewhere.answer("busy", [429, { "retry-after": "1" }]);
    await queue("busy");
    const [first, second] = await elsewhere.waitFor("busy", 2);
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(1_000);
  });

  test("410 disables the endpoint: what follows is dead without being sent", async () => {
    elsewhere.answer("gone", [410]);
    await queue("gone");
    expect(await dead("gone")).toMatchObject([{ attempts: 1, last_status: 410, endpoint_disabled_at: /Z$/ }]);
    await queue("gone");
    const [latest] = await dead("gone", 2);
    expect(latest).toMatchObject({ last_status: null, last_error: expect.stringContaining("disabled") });
    expect(elsewhere.received("gone")).toHaveLength(1);
  });

  test("past the last attempt a delivery is dead, listed with a key, and can be replayed", async () => {
    elsewhere.answer("dead", [500], [307, { location: "/hooks/taken" }], [503]);
    await queue("dead");
    const [delivery] = await dead("dead");
    expect(delivery).toMatchObject({ attempts: 3, last_status: 503, endpoint_disabled_at: null });
    expect((await fetch(`${url()}/v1/admin/deliveries`)).status).toBe(401);
    const replay = (id: string) => admin(`deliveries/${id}/replay`, { method: "POST" });
    expect((await replay(delivery?.id ?? "")).status).toBe(202);
    await elsewhere.waitFor("dead", 4);
    expect(toldTo("dead").source).toBe("dead");
    expect((await replay("nothing")).status).toBe(404);
    expect((await refusal(await admin("deliveries?state=lost")))[1]).toBe("invalid_request");
  });
});

test("what took longer than an answer may was queued, with the pictures that were judged by then", async () => {
  expect((await slow).status).toBe(202);
  await elsewhere.waitFor("slow", 1);
  const [first, second] = toldTo("slow").pictures;
  expect(first?.reasons[0]?.code).toBe("remote_failed");
  expect(second?.url).toBe(address("hat.jpg"));
});

test("a message that the queue lost is found by the sweep", async () => {
  elsewhere.answer("lost", [503, { "retry-after": "2" }]);
  await queue("lost");
  await elsewhere.waitFor("lost", 1);
  await sleep(500);
  // miniflare keeps delayed messages in memory only.
  await restart();
  const [first] = elsewhere.received("lost");
  await sleep(Math.max(0, (first?.at ?? 0) + 2_200 - Date.now()));
  expect(elsewhere.received("lost")).toHaveLength(1);
  expect((await admin("sweep", { method: "POST" })).status).toBe(202);
  await elsewhere.waitFor("lost", 2);
  expect(toldTo("lost").source).toBe("lost");
});
