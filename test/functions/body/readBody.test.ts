// Whatever reads a body refuses one that is packed, before a byte of it is read.
import { expect, test } from "vitest";
import { Problem } from "../../../src/core/problem.ts";
import { checkUpload } from "../../../src/functions/api/batches/upload.ts";
import { declaredBytes, readBody } from "../../../src/functions/body/readBody.ts";

const request = (encoding: string) =>
  new Request("http://localhost/", { method: "POST", body: "{}", headers: { "content-encoding": encoding } });

const READERS: Record<string, (request: Request) => unknown> = {
  "bodies of pictures, JSON and webhooks": (packed) => readBody(packed, 100),
  "room for a body": (packed) => declaredBytes(packed, 100),
  "lines of a batch": checkUpload,
};

test.each(Object.entries(READERS))("%s", async (_name, read) => {
  for (const encoding of ["gzip", "BR", "identity, gzip", "x".repeat(10_000)]) {
    const error = await Promise.resolve(request(encoding))
      .then(read)
      .catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(Problem);
    expect(error).toMatchObject({ code: "unsupported_media_type" });
    expect((error as Problem).message.length).toBeLessThan(100);
  }
  await expect(Promise.resolve(request("Identity")).then(read)).resolves.toBeDefined();
});
