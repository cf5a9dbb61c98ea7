// An ONNX export -> a pack, held against the export itself, and measured against fp32 where it is another.
import { report, WHOLE_BYTES } from "../buildModel.ts";
import type { SourceTower } from "./findTower.ts";
import { importJob } from "./importJob.ts";
import type { Imported, ImportOptions } from "./importOptions.ts";
import { importStaged } from "./importStaged.ts";
import { importWhole } from "./importWhole.ts";
import { type ImportSource, openSource } from "./openSource.ts";

/** @throws Error when the export is not understood, its repacked graph gives other vectors, or the drift is past the budget */
export async function importModel(options: ImportOptions): Promise<Imported> {
  const source = await openSource(options.sourceDir);
  try {
    const { kind, image, vision, text } = source;
    const job = await importJob(source, trainedLogit(source, options), options);
    options.log(`${vision.model.path} and ${text.model.path}: ${kind}, ${image.size} px, ${job.text.context} tokens`);
    const large = Math.max(bytesOf(vision), bytesOf(text)) > (options.wholeBytes ?? WHOLE_BYTES);
    const made = await (large ? importStaged : importWhole)(job);
    report(made, options);
    return made;
  } finally {
    source.close();
  }
}

/** @throws Error where a score would be made of a number that nobody knows */
function trainedLogit(
  { kind }: ImportSource,
  { logit: { scale, bias } }: ImportOptions,
): { scale: number; bias: number } {
  if (kind === "siglip" && (scale === undefined || bias === undefined))
    throw new Error(
      "A SigLIP export holds neither the trained scale nor the bias of its sigmoid, and logit_scale_init_value is where " +
        "training began: say --logit-scale (as multiplied) and --logit-bias.",
    );
  if (scale === undefined)
    throw new Error("The export holds no logit scale: say --logit-scale (as multiplied; 100 for most CLIPs).");
  return { scale, bias: bias ?? 0 };
}

/** In fp32. */
function bytesOf({ model, nodes }: SourceTower): number {
  const used = new Set(nodes.flatMap(({ inputs }) => inputs));
  return [...model.constants].reduce(
    (sum, [name, tensor]) => (used.has(name) ? sum + tensor.dims.reduce((size, dim) => size * dim, 4) : sum),
    0,
  );
}
