// `npm run models -- import <folder>`: repacks an ONNX export.
import { parseArgs } from "node:util";
import { importModel } from "../import/importModel.ts";
import { readRegistry } from "../registry/readRegistry.ts";
import { PACK_FLAGS, PACK_USAGE, packOptions } from "./packFlags.ts";

const USAGE = `npm run models -- import <folder> --id <id> --calibrate <pictures>

  <folder>       an ONNX export: onnx/vision_model.onnx and onnx/text_model.onnx with config.json, preprocessor_config.json and
                 tokenizer.json (Xenova, onnx-community, Marqo), or visual/model.onnx and textual/model.onnx (immich-app)
${PACK_USAGE}
  --logit-scale  the trained scale, as multiplied with the cosine; without it the one that the registry has for the id
  --logit-bias   the trained bias, which SigLIP's scores need (--logit-bias=-12.9); without it the registry's`;

export async function importExport(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { ...PACK_FLAGS, "logit-scale": { type: "string" }, "logit-bias": { type: "string" } },
  });
  const [sourceDir] = positionals;
  if (values.help) return console.log(USAGE);
  if (!sourceDir || positionals.length > 1) throw new Error(USAGE);
  const pack = await packOptions(values, USAGE);
  const known = (await readRegistry()).models.find(({ id }) => id === pack.id)?.logit;
  const logit = {
    scale: number("logit-scale", values["logit-scale"]) ?? known?.scale,
    bias: number("logit-bias", values["logit-bias"]) ?? known?.bias,
  };
  await importModel({ ...pack, sourceDir, logit });
}

/** @throws Error naming the option */
function number(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new Error(`--${name} is a number, not ${text}`);
  if (name === "logit-scale" && value <= 0) throw new Error(`--${name} is above 0, not ${text}`);
  return value;
}
