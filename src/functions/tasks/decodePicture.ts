// A picture's bytes to the pixels that the vision tower takes, by the image Worker.
import { callWorker } from "../parts/callWorker.ts";

export interface DecodedPicture {
  /** uint8 [S, S, 3] */
  pixels: Uint8Array<ArrayBuffer>;
  animated: boolean;
}

export async function decodePicture(
  image: Fetcher,
  bytes: Uint8Array<ArrayBuffer>,
  size: number,
): Promise<DecodedPicture> {
  const response = await callWorker(image, `/pixels?size=${size}`, { method: "POST", body: bytes });
  return {
    pixels: new Uint8Array(await response.arrayBuffer()),
    animated: response.headers.get("x-image-animated") === "true",
  };
}
