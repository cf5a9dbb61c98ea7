// `npm run labels`: embeds models/labels/*.yaml with a pack's towers, next to the pack; `calibrate` and `adapt` fit a bank.
import { parseArgs } from "node:util";
import { ADAPTER_LOSSES, isAdapterLoss } from "../core/fewshot/adapterLoss.ts";
import { adaptBank } from "./labels/adaptBank.ts";
import { type BuildBanksOptions, type BuiltBank, buildBanks as build } from "./labels/buildBanks.ts";
import { calibrateBank } from "./labels/calibrateBank.ts";
import { openTower } from "./ort.ts";

const USAGE = `npm run labels                embeds every models/labels/*.yaml
npm run labels -- calibrate --bank <id> --pictures <folder with one folder a label>
npm run labels -- adapt     --bank <id> --pictures <folder with one folder a label>

  --pack    the pack (models/nano)
  --labels  the label files (models/labels)
  --method  linear or tip (linear), of adapt
  --loss    ${Object.keys(ADAPTER_LOSSES).join(", ")} (multi-positive), of adapt's linear method`;

/** As the command line does it: with the pack's own towers on onnxruntime in Node. */
export const buildBanks = (options: Omit<BuildBanksOptions, "openText" | "openVision">): Promise<BuiltBank[]> =>
  build({
    ...options,
    openText: (packDir) => openTower(packDir, "text"),
    openVision: (packDir) => openTower(packDir, "vision"),
  });

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      pack: { type: "string", default: "models/nano" },
      labels: { type: "string", default: "models/labels" },
      bank: { type: "string" },
      pictures: { type: "string" },
      method: { type: "string", default: "linear" },
      loss: { type: "string", default: "multi-positive" },
      help: { type: "boolean", default: false },
    },
  });
  const [command] = positionals;
  const { pack: packDir, labels: labelsDir, bank, pictures: picturesDir, method, loss } = values;
  if (values.help) return console.log(USAGE);
  const log = console.log;
  if (command !== undefined && command !== "calibrate" && command !== "adapt")
    throw new Error(`There is no command ${command}.\n\n${USAGE}`);
  if (method !== "linear" && method !== "tip") throw new Error(`--method is linear or tip, not ${method}\n\n${USAGE}`);
  if (!isAdapterLoss(loss)) throw new Error(`there is no --loss ${loss}\n\n${USAGE}`);
  if (command !== undefined && (!bank || !picturesDir)) throw new Error(`--bank or --pictures is missing\n\n${USAGE}`);
  const banks = await buildBanks({ packDir, labelsDir, log });
  if (command === undefined || !bank || !picturesDir) return;
  if (!banks.some(({ id }) => id === bank))
    throw new Error(`there is no bank ${bank}; there are: ${banks.map(({ id }) => id).join(", ")}`);
  const options = { packDir, labelsDir, bank, picturesDir, log };
  if (command === "calibrate") await calibrateBank(options);
  else await adaptBank({ ...options, method, loss });
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
