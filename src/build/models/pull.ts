// `npm run models -- pull <id>`: a known model from the hub, ready to be compiled.
import { parseArgs } from "node:util";
import { agree } from "../hub/agree.ts";
import { freeBytes } from "../hub/freeBytes.ts";
import { hubOf } from "../hub/hub.ts";
import { pullModel } from "../hub/pullModel.ts";
import { findModel, readRegistry } from "../registry/readRegistry.ts";

const USAGE = `npm run models -- pull <id>

  <id>              a model of \`npm run models -- list\`
  --out             where it goes (.edgeclip/checkpoints/<id>)
  --build           compiles it at once, or imports an ONNX export; needs --calibrate <pictures>, and --allow-drift is passed on
  --accept-licence  agrees to a non-commercial licence without being asked
  --revision        another branch, tag or commit than the registry's
  --update          resolves the revision anew, and locks what it is now
  --lock            the lock file (models.lock.json)
  --parallel        connections at a time (4)

HF_ENDPOINT is the hub (https://huggingface.co), HF_TOKEN a token for it; broken off, it goes on where it was.`;

export async function pull(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      out: { type: "string" },
      build: { type: "boolean", default: false },
      calibrate: { type: "string" },
      "allow-drift": { type: "boolean", default: false },
      "accept-licence": { type: "boolean", default: false },
      revision: { type: "string" },
      update: { type: "boolean", default: false },
      lock: { type: "string", default: "models.lock.json" },
      parallel: { type: "string", default: "4" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const [id] = positionals;
  if (id === undefined || positionals.length > 1) throw new Error(USAGE);
  const parallel = Number(values.parallel);
  if (!Number.isInteger(parallel) || parallel < 1 || parallel > 32)
    throw new Error(`--parallel is 1 to 32, not ${values.parallel}`);
  if (values.build && values.calibrate === undefined)
    throw new Error(`--build needs --calibrate <pictures>\n\n${USAGE}`);

  const registry = await readRegistry();
  const model = findModel(registry, id);
  const layout = registry.layouts[model.layout];
  if (!layout) throw new Error(`${id}: there is no layout ${model.layout}`);
  const outDir = values.out ?? `.edgeclip/checkpoints/${id}`;
  const { revision, licence } = await pullModel({
    hub: hubOf(process.env),
    model,
    layout,
    outDir,
    lockPath: values.lock,
    revision: values.revision,
    update: values.update,
    parallel,
    freeBytes,
    agree: (asked, card) =>
      agree(asked, card, {
        sources: registry.sources,
        accepted: values["accept-licence"],
        interactive: process.stdin.isTTY === true && process.stdout.isTTY === true,
        log: console.log,
      }),
    log: console.log,
    screen: process.stderr,
  });

  const rest = [outDir, "--id", id, "--repo", model.repo, "--revision", revision, "--licence", licence];
  const calibrate = ["--calibrate", values.calibrate ?? "<pictures>"];
  if (!values.build)
    return console.log(`Next: npm run models -- ${model.command} ${[...rest, ...calibrate].join(" ")}`);
  const make =
    model.command === "import" ? (await import("./import.ts")).importExport : (await import("./build.ts")).build;
  await make([...rest, ...calibrate, ...(values["allow-drift"] ? ["--allow-drift"] : [])]);
}
