// `npm run labels`: embeds models/labels/*.yaml with a pack's text tower, next to the pack.
import { parseArgs } from "node:util";
import { type BuildBanksOptions, type BuiltBank, buildBanks as build } from "./labels/buildBanks.ts";
import { openTower } from "./ort.ts";

/** As the command line does it: with the pack's own text tower on onnxruntime in Node. */
export const buildBanks = (options: Omit<BuildBanksOptions, "openText">): Promise<BuiltBank[]> =>
  build({ ...options, openText: (packDir) => openTower(packDir, "text") });

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      pack: { type: "string", default: "models/nano" },
      labels: { type: "string", default: "models/labels" },
      out: { type: "string" },
    },
  });
  try {
    await buildBanks({
      packDir: values.pack,
      labelsDir: values.labels,
      ...(values.out === undefined ? {} : { outDir: values.out }),
      log: console.log,
    });
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
