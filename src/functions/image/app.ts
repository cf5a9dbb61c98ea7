// The image Worker's routes: pictures to pixels, the heap's size, and a sign of life.
import { AutoRouter, type IRequest, json } from "itty-router";
import { PICTURE_BYTES_CAP } from "../../core/image/bytesCap.ts";
import type { Magick } from "../../core/image/magick.ts";
import { toPixels } from "../../core/image/pixels.ts";
import { Problem } from "../../core/problem.ts";
import { InFlight } from "../body/inFlight.ts";
import { declaredBytes, readBody } from "../body/readBody.ts";

const MAX_SIZE = 1024;

function sizeOf(request: IRequest): number {
  const size = Number(request.query.size);
  if (Number.isInteger(size) && size >= 1 && size <= MAX_SIZE) return size;
  const message = `an integer from 1 to ${MAX_SIZE}`;
  throw new Problem("invalid_request", `size must be ${message}.`, { errors: [{ parameter: "size", message }] });
}

/** @param openMagick the one ImageMagick of this isolate, opened when it is first needed */
export function imageApp(openMagick: () => Promise<Magick>) {
  const inFlight = new InFlight(PICTURE_BYTES_CAP);

  const pixels = (request: IRequest & Request): Promise<Response> => {
    const size = sizeOf(request);
    return inFlight.hold(declaredBytes(request, PICTURE_BYTES_CAP), async () => {
      const bytes = await readBody(request, PICTURE_BYTES_CAP);
      const magick = await openMagick();
      const picture = toPixels(magick, bytes, { size });
      return new Response(picture.pixels, {
        headers: {
          "content-type": "application/octet-stream",
          "x-image-format": picture.format,
          "x-image-width": String(picture.width),
          "x-image-height": String(picture.height),
          "x-image-animated": String(picture.animated),
        },
      });
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
    .get("/memory", async () => json({ wasm_bytes: (await openMagick()).heapBytes }))
    .get("/health", () => json({ status: "ok" }));
}
