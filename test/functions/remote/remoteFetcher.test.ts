// What the pictures that one request has fetched may take together, and that room is held for them.
import { expect, test } from "vitest";
import { Timing } from "../../../src/functions/answer/timing.ts";
import { InFlight, type Lease } from "../../../src/functions/body/inFlight.ts";
import { remoteFetcher } from "../../../src/functions/remote/remoteFetcher.ts";

const MIB = 2 ** 20;
const ADDRESS = "https://images.example.com/a.jpg";

/** Every picture at the host has so many bytes. */
const fetcher = (bytes: number, lease: Lease) => {
  const OUTBOUND = { fetch: async () => new Response(new Uint8Array(bytes)) } as unknown as Fetcher;
  return remoteFetcher({ REMOTE_HOSTS: "images.example.com", OUTBOUND }, new Timing(), lease);
};

test("pictures take room as they arrive, until the request ends", async () => {
  const inFlight = new InFlight(10 * MIB, 20);
  await inFlight.hold(2 * MIB, async (lease) => {
    const fetchRemote = fetcher(4 * MIB, lease);
    expect((await fetchRemote(ADDRESS, "/images/0")).byteLength).toBe(4 * MIB);
    await expect(inFlight.hold(5 * MIB, async () => {})).rejects.toMatchObject({ code: "overloaded" });
    expect(await inFlight.hold(4 * MIB, async () => "room")).toBe("room");
  });
  expect(await inFlight.hold(10 * MIB, async () => "room")).toBe("room");
});

test("without room the picture is refused with its place, and what others hold stays", async () => {
  const inFlight = new InFlight(10 * MIB, 20);
  await inFlight.hold(7 * MIB, () =>
    inFlight.hold(0, (lease) =>
      expect(fetcher(4 * MIB, lease)(ADDRESS, "/images/3")).rejects.toMatchObject({
        code: "overloaded",
        errors: [{ pointer: "/images/3" }],
      }),
    ),
  );
});

test("all pictures of a request are bounded together, and those of another one are not counted", async () => {
  const inFlight = new InFlight(100 * MIB, 20);
  await inFlight.hold(0, async (lease) => {
    const fetchRemote = fetcher(7 * MIB, lease);
    await fetchRemote(ADDRESS, "/images/0");
    await fetchRemote(ADDRESS, "/images/1");
    await expect(fetchRemote(ADDRESS, "/images/2")).rejects.toMatchObject({
      code: "remote_too_large",
      message: expect.stringContaining("20 MiB together"),
      errors: [{ pointer: "/images/2" }],
    });
    await inFlight.hold(0, (other) => fetcher(7 * MIB, other)(ADDRESS, "/image"));
  });
});
