// The image Worker's entry: ImageMagick's module comes as a static import, since workerd compiles nothing at run time.
import wasm from "@imagemagick/magick-wasm/magick.wasm";
import { HEAP_CAP } from "../../core/image/limits.ts";
import { Magick } from "../../core/image/magick.ts";
import { imageApp } from "./app.ts";

let opened: Promise<Magick> | undefined;

/** Memoised; a failure is forgotten, so that the next request tries again. */
function openMagick(): Promise<Magick> {
  opened ??= Magick.open(wasm, HEAP_CAP).catch((failure: unknown) => {
    opened = undefined;
    throw failure;
  });
  return opened;
}

const app = imageApp(openMagick);

export default { fetch: (request: Request) => app.fetch(request) };
