// A picture's bytes to the pixels that the vision tower takes, by the image Worker.
import type { Framing } from "../../core/image/squares.ts";
import { callWorker } from "../parts/callWorker.ts";

export interface DecodedPicture {
  /** uint8 [S, S, 3] */
  pixels: Uint8Array<ArrayBuffer>;
  animated: boolean;
}

/** What the image Worker is asked for: CLIP's own way goes without saying. */
export const framingQuery = ({ size, resize = "shortest", interpolation = "bicubic" }: Framing): string =>
  `size=${size}${resize === "shortest" ? "" : `&resize=${resize}`}${interpolation === "bicubic" ? "" : `&interpolation=${interpolation}`}`;

export async function decodePicture(
  image: Fetcher,
  bytes: Uint8Array<ArrayBuffer>,
  framing: Framing,
): Promise<DecodedPicture> {
  const response = await callWorker(image, `/pixels?${framingQuery(framing)}`, { method: "POST", body: bytes });
  return {
    pixels: new Uint8Array(await response.arrayBuffer()),
    animated: response.headers.get("x-image-animated") === "true",
  };
}
