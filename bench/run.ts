// `npm run bench`: the figures of the budget table, measured on this machine. Parts: npm run bench -- requests accuracy …
import { accuracy } from "./accuracy.ts";
import { backend } from "./backend.ts";
import { batches } from "./batches.ts";
import { bundles } from "./bundles.ts";
import { cascade } from "./cascade.ts";
import { compile } from "./compile.ts";
import { convolutions } from "./convolutions.ts";
import { duplicates } from "./duplicates.ts";
import { endpoints } from "./endpoints.ts";
import { fewShot } from "./fewShot.ts";
import { memory } from "./memory.ts";
import { moderation } from "./moderation.ts";
import { parity } from "./parity.ts";
import { preprocessing } from "./preprocessing.ts";
import { quantization } from "./quantization.ts";
import { requests } from "./requests.ts";
import { tags } from "./tags.ts";

const PARTS: Record<string, () => Promise<void>> = {
  requests,
  endpoints,
  bundles,
  compile,
  parity,
  quantization,
  convolutions,
  preprocessing,
  accuracy,
  duplicates,
  tags,
  moderation,
  "few-shot": fewShot,
  backend,
  batches,
  memory,
  cascade,
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in PARTS));
if (unknown.length > 0) {
  console.error(`There is no part ${unknown.join(", ")}; there are ${Object.keys(PARTS).join(", ")}.`);
  process.exit(1);
}
for (const [name, part] of Object.entries(PARTS)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  console.log(`\n## ${name}`);
  await part();
}
