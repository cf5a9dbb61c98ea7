// The image Worker's routes: pictures to pixels, the heap's size, and a sign of life.
import { AutoRouter, type IRequest, json } from "itty-router";
import { PICTURE_BYTES_CAP } from "../../core/image/bytesCap.ts";
import type { Magick } from "../../core/image/magick.ts";
import { type Picture, toPixels } from "../../core/image/pixels.ts";
import type { Framing } from "../../core/image/squares.ts";
import { MAX_FRAMES, toViews, viewsRoom } from "../../core/image/views.ts";
import { Problem } from "../../core/problem.ts";
import { InFlight } from "../body/inFlight.ts";
import { declaredBytes, readBody } from "../body/readBody.ts";

const MAX_SIZE = 1024;
/** Of many squares at once; no known model of one passes it. */
const MAX_VIEW_SIZE = 448;

function integerOf(request: IRequest, parameter: string, max: number): number {
  const value = Number(request.query[parameter]);
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  const message = `an integer from 1 to ${max}`;
  throw new Problem("invalid_request", `${parameter} must be ${message}.`, { errors: [{ parameter, message }] });
}

/** @returns what the query says of resizing beside the size; what it leaves out is CLIP's own */
function framingOf(request: IRequest, size: number): Framing {
  const chosen = <const T extends string>(parameter: string, known: readonly [T, ...T[]]): T => {
    const asked = request.query[parameter] ?? known[0];
    const value = known.find((each) => each === asked);
    if (value) return value;
    const message = `one of ${known.join(", ")}`;
    throw new Problem("invalid_request", `${parameter} must be ${message}.`, { errors: [{ parameter, message }] });
  };
  return {
    size,
    resize: chosen("resize", ["shortest", "squash"]),
    interpolation: chosen("interpolation", ["bicubic", "bilinear"]),
  };
}

/** @param openMagick the one ImageMagick of this isolate, opened when it is first needed */
export function imageApp(openMagick: () => Promise<Magick>) {
  const inFlight = new InFlight(PICTURE_BYTES_CAP);

  /**
   * @param room bytes that `use` holds beside the body
   * @returns the answer to a picture, once there is room for it
   */
  const read = (
    request: IRequest & Request,
    room: number,
    use: (magick: Magick, bytes: Uint8Array) => [Picture, headers?: Record<string, string>],
  ): Promise<Response> =>
    inFlight.hold(Math.min(PICTURE_BYTES_CAP, declaredBytes(request, PICTURE_BYTES_CAP) + room), async () => {
      const bytes = await readBody(request, PICTURE_BYTES_CAP);
      const [picture, headers] = use(await openMagick(), bytes);
      return new Response(picture.pixels, {
        headers: {
          "content-type": "application/octet-stream",
          "x-image-format": picture.format,
          "x-image-width": String(picture.width),
          "x-image-height": String(picture.height),
          "x-image-animated": String(picture.animated),
          ...headers,
        },
      });
    });

  const pixels = async (request: IRequest & Request): Promise<Response> => {
    const size = integerOf(request, "size", MAX_SIZE);
    const framing = framingOf(request, size);
    return read(request, 0, (magick, bytes) => [toPixels(magick, bytes, framing)]);
  };

  const views = async (request: IRequest & Request): Promise<Response> => {
    const size = integerOf(request, "size", MAX_VIEW_SIZE);
    const frames = request.query.frames === undefined ? 1 : integerOf(request, "frames", MAX_FRAMES);
    const framing = framingOf(request, size);
    return read(request, viewsRoom({ size, frames }), (magick, bytes) => {
      const picture = toViews(magick, bytes, { ...framing, frames });
      const count = picture.pixels.length / (size * size * 3);
      return [picture, { "x-image-views": String(count), "x-image-frames": String(picture.frames) }];
    });
  };

  return AutoRouter({
    catch: (failure: unknown) => {
      const problem = Problem.from(failure);
      if (problem.code === "internal_error") console.error(failure);
      return problem.toResponse();
    },
    missing: () => new Problem("not_found", "There is no such route.").toResponse(),
  })
    .post("/pixels", pixels)
    .post("/views", views)
    .get("/memory", async () => json({ wasm_bytes: (await openMagick()).heapBytes }))
    .get("/health", () => json({ status: "ok" }));
}
