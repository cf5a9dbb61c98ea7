// Writes an object of any size without holding more than one part of it: R2 wants parts of equal size, but for the last.

export class ObjectWriter {
  readonly #bucket: R2Bucket;
  readonly #key: string;
  readonly #part: Uint8Array<ArrayBuffer>;
  #held = 0;
  #upload: R2MultipartUpload | undefined;
  readonly #parts: R2UploadedPart[] = [];

  /** @param partBytes 5 MiB at least */
  constructor(bucket: R2Bucket, key: string, partBytes = 8 * 2 ** 20) {
    this.#bucket = bucket;
    this.#key = key;
    this.#part = new Uint8Array(partBytes);
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const piece = bytes.subarray(at, at + this.#part.length - this.#held);
      this.#part.set(piece, this.#held);
      this.#held += piece.length;
      at += piece.length;
      if (this.#held === this.#part.length) await this.#flush();
    }
  }

  async #flush(): Promise<void> {
    this.#upload ??= await this.#bucket.createMultipartUpload(this.#key);
    this.#parts.push(await this.#upload.uploadPart(this.#parts.length + 1, this.#part.subarray(0, this.#held)));
    this.#held = 0;
  }

  async finish(): Promise<void> {
    if (!this.#upload) {
      await this.#bucket.put(this.#key, this.#part.subarray(0, this.#held));
      return;
    }
    if (this.#held > 0) await this.#flush();
    await this.#upload.complete(this.#parts);
  }

  async abort(): Promise<void> {
    await this.#upload?.abort();
  }
}
