// `npm run labels`: embeds models/labels/*.yaml with a pack's text tower, next to the pack; `calibrate` fits a bank.
import { parseArgs } from "node:util";
import { type BuildBanksOptions, type BuiltBank, buildBanks as build } from "./labels/buildBanks.ts";
import { calibrateBank } from "./labels/calibrateBank.ts";
import { openTower } from "./ort.ts";

const USAGE = `npm run labels                embeds every models/labels/*.yaml
npm run labels -- calibrate --bank <id> --pictures <folder with one folder a label>

  --pack    the pack (models/nano)
  --labels  the label files (models/labels)`;

/** As the command line does it: with the pack's own text tower on onnxruntime in Node. */
export const buildBanks = (options: Omit<BuildBanksOptions, "openText">): Promise<BuiltBank[]> =>
  build({ ...options, openText: (packDir) => openTower(packDir, "text") });

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      pack: { type: "string", default: "models/nano" },
      labels: { type: "string", default: "models/labels" },
      bank: { type: "string" },
      pictures: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  const [command] = positionals;
  const { pack: packDir, labels: labelsDir, bank, pictures: picturesDir } = values;
  if (values.help) return console.log(USAGE);
  const log = console.log;
  if (command !== undefined && command !== "calibrate") throw new Error(USAGE);
  await buildBanks({ packDir, labelsDir, log });
  if (command === undefined) return;
  if (!bank || !picturesDir) throw new Error(`--bank or --pictures is missing\n\n${USAGE}`);
  await calibrateBank({ packDir, labelsDir, bank, picturesDir, log });
  await buildBanks({ packDir, labelsDir, log });
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
