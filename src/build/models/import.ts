// `npm run models -- import <folder>`: repacks an ONNX export.
import { parseArgs } from "node:util";
import { isInteger } from "../../core/pack/manifest.ts";
import { importModel } from "../import/importModel.ts";
import { readLabelNames } from "../labels/readLabelNames.ts";
import { readRegistry } from "../registry/readRegistry.ts";
import { isPackId } from "./packId.ts";

const USAGE = `npm run models -- import <folder> --id <id> --calibrate <pictures>

  <folder>       an ONNX export: onnx/vision_model.onnx and onnx/text_model.onnx with config.json, preprocessor_config.json and
                 tokenizer.json (Xenova, onnx-community, Marqo), or visual/model.onnx and textual/model.onnx (immich-app)
  --id           the name of the pack: lower case, digits, ".", "_", "-"
  --quant        int8 (the edge), int4 (half of it; convolutions but 1 x 1 stay in fp32), fp16 (GPUs) or fp32; int8 without it
  --calibrate    a folder of pictures (a few hundred) that the drift is measured on; int8 and int4 need it
  --logit-scale  the trained scale, as multiplied with the cosine; without it the one that the registry has for the id
  --logit-bias   the trained bias, which SigLIP's scores need (--logit-bias=-12.9); without it the registry's
  --out          where the pack goes (models/<id>)
  --out-fp32     where the fp32 pack goes that the drift is measured against (.edgeclip/fp32/<id>)
  --labels       label files whose names measure the drift of the text tower (models/labels)
  --repo, --revision, --licence   what pack.json says of the source
  --allow-drift  keep a pack whose drift is past the budget`;

const QUANTIZATIONS = ["int8", "int4", "fp16", "fp32"] as const;

export async function importExport(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      id: { type: "string" },
      calibrate: { type: "string" },
      quant: { type: "string", default: "int8" },
      "logit-scale": { type: "string" },
      "logit-bias": { type: "string" },
      out: { type: "string" },
      "out-fp32": { type: "string" },
      labels: { type: "string", default: "models/labels" },
      repo: { type: "string", default: "local" },
      revision: { type: "string", default: "unknown" },
      licence: { type: "string", default: "unknown" },
      "allow-drift": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const [sourceDir] = positionals;
  if (values.help) return console.log(USAGE);
  if (!sourceDir || positionals.length > 1) throw new Error(USAGE);
  const { id } = values;
  if (!id || !isPackId(id)) throw new Error(`--id is missing or no name\n\n${USAGE}`);
  const quantization = QUANTIZATIONS.find((each) => each === values.quant);
  if (!quantization) throw new Error(`--quant knows ${QUANTIZATIONS.join(", ")}\n\n${USAGE}`);
  if (!values.calibrate && isInteger(quantization)) throw new Error(`--calibrate is missing\n\n${USAGE}`);
  const known = (await readRegistry()).models.find((model) => model.id === id)?.logit;
  await importModel({
    sourceDir,
    id,
    quantization,
    outDir: values.out ?? `models/${id}`,
    fp32Dir: values["out-fp32"] ?? `.edgeclip/fp32/${id}`,
    calibrationDir: values.calibrate,
    logit: {
      scale: number("logit-scale", values["logit-scale"]) ?? known?.scale,
      bias: number("logit-bias", values["logit-bias"]) ?? known?.bias,
    },
    source: { repo: values.repo, revision: values.revision, licence: values.licence },
    allowDrift: values["allow-drift"],
    texts: (await readLabelNames(values.labels)).map((name) => `a photo of a ${name}.`),
    log: console.log,
  });
}

/** @throws Error naming the option */
function number(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new Error(`--${name} is a number, not ${text}`);
  if (name === "logit-scale" && value <= 0) throw new Error(`--${name} is above 0, not ${text}`);
  return value;
}
