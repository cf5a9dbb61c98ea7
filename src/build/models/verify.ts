// `npm run models -- verify <id>`: whether everything that is here of a model is still what it was.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readLock } from "../hub/lock.ts";
import { readPack } from "../readPack.ts";
import type { Check } from "../verify/verifyFiles.ts";
import { verifyFiles } from "../verify/verifyFiles.ts";
import { verifyPack } from "../verify/verifyPack.ts";
import { CHECKPOINTS, packDirs } from "./packDir.ts";

const USAGE = `npm run models -- verify <id>

  <id>     a pack in models, .edgeclip/fp16 or .edgeclip/fp32, or a folder with one; a pulled checkpoint of that name is checked too
  --lock   the lock file that the checkpoint is held against (models.lock.json)

Exits with 1 when anything is not what it was when it was built or locked.`;

const WIDTH = 20;

export async function verify(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { lock: { type: "string", default: "models.lock.json" }, help: { type: "boolean", default: false } },
  });
  if (values.help) return console.log(USAGE);
  const [id] = positionals;
  if (id === undefined || positionals.length > 1) throw new Error(USAGE);
  let [checked, wrong] = [0, 0];
  const tell = ({ name, problem, note }: Check) => {
    checked++;
    if (problem) wrong++;
    console.log(problem ? `  WRONG ${name} ${problem}` : `  ok    ${name.padEnd(WIDTH)} ${note}`.trimEnd());
  };
  for (const dir of packDirs(id)) {
    const manifest = await readPack(dir);
    console.log(
      `${dir}: ${manifest.id}, ${manifest.quantization}, of ${manifest.source.repo} at ${manifest.source.revision}`,
    );
    await verifyPack(dir, manifest, tell);
  }
  const locked = (await readLock(values.lock)).models[id];
  const checkpoint = join(CHECKPOINTS, id);
  if (locked && existsSync(checkpoint)) {
    console.log(`${checkpoint}: ${locked.repo} at ${locked.revision}, by ${values.lock}`);
    const files = locked.files.map(({ path, ...file }) => ({ name: path, ...file }));
    for (const check of await verifyFiles(checkpoint, files)) tell(check);
  }
  if (checked === 0) throw new Error(`There is no pack ${id} here, and no checkpoint of it that ${values.lock} knows.`);
  if (wrong > 0) throw new Error(`${wrong} of ${checked} checks failed.`);
  console.log(`All ${checked} checks passed.`);
}
