// Brings the input of a batch into the job's own folder, where nobody changes it while its lines are worked on.
import { inputKey, isOwn } from "../batches/keys.ts";
import { ObjectWriter } from "../batches/objectWriter.ts";
import type { BatchEnv } from "./env.ts";
import { InvalidJob } from "./invalidJob.ts";
import type { Leased } from "./jobRows.ts";

const MAX_BYTES = 2 ** 30;

/** @throws InvalidJob */
export async function materialise({ BUCKET }: BatchEnv, { id, input }: Leased): Promise<void> {
  const key = inputKey(id);
  // Uploaded, or brought here by an earlier attempt: then that one counts.
  if (await BUCKET.head(key)) return;
  const writer = new ObjectWriter(BUCKET, key);
  try {
    if ("key" in input) {
      const object = await BUCKET.get(input.key);
      if (!object) throw new InvalidJob(`There is no object ${JSON.stringify(input.key)} in the bucket.`);
      if (object.size > MAX_BYTES) throw new InvalidJob(`The input may have ${MAX_BYTES / 2 ** 20} MiB.`);
      for await (const bytes of object.body) await writer.write(bytes);
    } else if ("prefix" in input) {
      for await (const lines of listed(BUCKET, input.prefix)) await writer.write(lines);
    }
    await writer.finish();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

/** A line for each object, named by its key. */
async function* listed(bucket: R2Bucket, prefix: string): AsyncGenerator<Uint8Array> {
  let cursor: string | undefined;
  do {
    const page: R2Objects = await bucket.list({ prefix, ...(cursor === undefined ? {} : { cursor }) });
    const lines = page.objects
      .filter(({ key, size }) => size > 0 && !isOwn(key))
      .map(({ key }) => `${JSON.stringify({ custom_id: key, image: { key } })}\n`);
    yield new TextEncoder().encode(lines.join(""));
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
}
