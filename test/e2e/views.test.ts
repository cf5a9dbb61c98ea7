// The whole of a picture and later frames are looked at, through the real Workers.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { openMagick } from "../../src/build/calibrate.ts";
import { type Collection, freePort, startCollection } from "../../src/build/collection.ts";
import { STAGE_DIR } from "../../src/build/stage.ts";
import { toPixels } from "../../src/core/image/pixels.ts";
import { writeGif } from "../core/image/writeGif.ts";
import { writePng } from "../core/image/writePng.ts";
import { picture, problemOf } from "./request.ts";

const { size }: { size: number } = JSON.parse(await readFile("models/nano/pack.json", "utf8")).image;

/** Photos as squares of the model's size, so that a view of one is not resampled. */
const magick = await openMagick();
const [shoes, hat, dress, shirt] = await Promise.all(
  ["shoes", "hat", "dress", "t-shirt"].map(async (name) => toPixels(magick, await picture(name), { size }).pixels),
);
const squares = [shoes!, hat!, dress!, shirt!];

/** Five levels a channel. */
const PALETTE = Array.from({ length: 125 }, (_, index) => {
  const level = (step: number) => (Math.floor(index / step) % 5) << 6;
  return [level(25), level(5), level(1)] as const;
});
const frame = (pixels: Uint8Array) => ({
  width: size,
  height: size,
  indices: Array.from({ length: size * size }, (_, at) =>
    [0, 1, 2].reduce((index, c) => index * 5 + Math.round((pixels[at * 3 + c] ?? 0) / 64), 0),
  ),
});
const gif = (...frames: Uint8Array[]) => writeGif(size, size, PALETTE, frames.map(frame));

/** Squares side by side. */
const row = (...parts: Uint8Array[]) =>
  writePng(size * parts.length, size, (x, y) => {
    const at = (y * size + (x % size)) * 3;
    const [red = 0, green = 0, blue = 0] = parts[Math.floor(x / size)]?.subarray(at, at + 3) ?? [];
    return [red, green, blue];
  });

interface Moderated {
  categories: Record<string, number | null>;
  warnings: { code: string }[];
}

async function moderated(body: Uint8Array<ArrayBuffer>): Promise<Moderated> {
  const response = await fetch(`${inject("url")}/v1/moderate`, { method: "POST", body });
  if (!response.ok) throw new Error(await response.text());
  return response.json() as Promise<Moderated>;
}

/** Of the categories that the model can tell. */
const scoresOf = ({ categories }: Moderated): [string, number][] =>
  Object.entries(categories).filter((entry): entry is [string, number] => entry[1] !== null);

async function worstOf(bodies: Uint8Array<ArrayBuffer>[]): Promise<Map<string, number>> {
  const scores = (await Promise.all(bodies.map(moderated))).flatMap(scoresOf);
  const worst = new Map<string, number>();
  for (const [name, score] of scores) worst.set(name, Math.max(score, worst.get(name) ?? 0));
  return worst;
}

describe("POST /v1/moderate", () => {
  test("what only a later frame of an animation shows counts as if it were alone", async () => {
    const animation = scoresOf(await moderated(gif(hat!, dress!, shoes!)));
    const alone = await worstOf([gif(hat!), gif(dress!), gif(shoes!)]);
    expect(animation.length).toBeGreaterThan(0);
    for (const [name, score] of animation) expect(score).toBeCloseTo(alone.get(name) ?? -1, 5);
    const first = new Map(scoresOf(await moderated(gif(hat!))));
    expect(animation.some(([name, score]) => score > (first.get(name) ?? 0) + 0.001)).toBe(true);
  });

  test("an animation that is too large for more than its first frame is for review", async () => {
    const still = { width: 1, height: 1, indices: [0] };
    const answer = await moderated(writeGif(3000, 3000, PALETTE, [still, still]));
    expect(answer).toMatchObject({
      decision: "review",
      reasons: [{ category: null, code: "animation_first_frame" }],
      warnings: [{ code: "demo_model" }, { code: "animation_first_frame" }],
    });
  });

  test("every part of a wide picture counts at least as if it were alone", async () => {
    const wide = scoresOf(await moderated(row(...squares)));
    const alone = await worstOf(squares.map((square) => row(square)));
    for (const [name, score] of wide) expect(score).toBeGreaterThan((alone.get(name) ?? 1) - 1e-5);
  });

  test("an animation that only its first frame can be read of says so", async () => {
    const large = { width: 4, height: 4, indices: 0 };
    const { warnings } = await moderated(writeGif(2000, 2000, PALETTE, [large, large]));
    expect(warnings.map(({ code }) => code)).toContain("animation_first_frame");
    expect((await moderated(gif(hat!, shoes!))).warnings.map(({ code }) => code)).not.toContain(
      "animation_first_frame",
    );
  });
});

describe("POST /views of the image Worker", () => {
  let image: Collection;
  beforeAll(async () => {
    const config = join(STAGE_DIR, "test", "whole", "image", "wrangler.json");
    image = await startCollection({ configs: [config], live: "/health", port: await freePort(0) });
  });
  afterAll(() => image.stop());

  const views = (query: string, body: BodyInit) => fetch(`${image.url}/views${query}`, { method: "POST", body });
  const told = ({ headers }: Response) =>
    ["format", "width", "height", "animated", "frames", "views"]
      .map((name) => headers.get(`x-image-${name}`))
      .join(" ");

  test("a wide picture has a view of each part; the first one is what /pixels answers", async () => {
    const response = await views(`?size=${size}`, row(...squares));
    expect(told(response)).toBe(`png ${4 * size} ${size} false 1 5`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    const pixels = await fetch(`${image.url}/pixels?size=${size}`, { method: "POST", body: row(...squares) });
    const square = size * size * 3;
    expect(bytes.subarray(0, square)).toEqual(new Uint8Array(await pixels.arrayBuffer()));
    expect(bytes.subarray(square)).toEqual(new Uint8Array(squares.flatMap((each) => [...each])));
  });

  test("an animation has more views than its first frame alone", async () => {
    expect(told(await views(`?size=${size}&frames=4`, gif(hat!)))).toBe(`gif ${size} ${size} false 1 1`);
    expect(told(await views(`?size=${size}&frames=4`, gif(hat!, dress!, shoes!)))).toBe(`gif ${size} ${size} true 3 3`);
    expect(told(await views(`?size=${size}`, gif(hat!, dress!, shoes!)))).toBe(`gif ${size} ${size} true 1 1`);
  });

  test.each([
    ["", "size"],
    ["?size=0", "size"],
    ["?size=449", "size"],
    ["?size=96&frames=0", "frames"],
    ["?size=96&frames=9", "frames"],
    ["?size=96&frames=two", "frames"],
  ])("%j is refused, naming %s", async (query, parameter) => {
    const response = await views(query, gif(hat!));
    expect(response.status).toBe(400);
    expect(await problemOf(response)).toMatchObject({ code: "invalid_request", errors: [{ parameter }] });
  });

  test("problems are those of /pixels", async () => {
    expect((await problemOf(await views("?size=96", "no picture"))).code).toBe("unsupported_image");
    expect((await problemOf(await views("?size=96&frames=4", (await picture("hat")).slice(0, 999)))).code).toBe(
      "image_unreadable",
    );
  });
});
