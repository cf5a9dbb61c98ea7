// A picture of the user's own data, with what is known of it; its bytes are read when they are needed.

export interface Sample {
  /** For messages and reports. */
  name: string;
  label: string | undefined;
  captions: string[];
  read(): Promise<Uint8Array<ArrayBuffer>>;
}

export const PICTURE = /\.(?:jpe?g|png|webp|gif|avif|tiff?|bmp)$/i;
