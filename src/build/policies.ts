// `npm run policies`: compiles models/policies/*.yaml for a pack; `calibrate` measures one on labelled pictures.
import { parseArgs } from "node:util";
import { buildBanks } from "./labels.ts";
import { openTower } from "./ort.ts";
import { buildPolicies } from "./policies/buildPolicies.ts";
import { calibratePolicy } from "./policies/calibratePolicy.ts";

const USAGE = `npm run policies                compiles every models/policies/*.yaml
npm run policies -- calibrate --policy <id> --pictures <folder with one folder a category, and one called none>

  --pack      the pack (models/nano)
  --policies  the policy files (models/policies)
  --labels    the label files, for the backgrounds (models/labels)`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      pack: { type: "string", default: "models/nano" },
      policies: { type: "string", default: "models/policies" },
      labels: { type: "string", default: "models/labels" },
      policy: { type: "string" },
      pictures: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  const [command] = positionals;
  const { pack: packDir, policies: policiesDir, labels: labelsDir, policy, pictures: picturesDir } = values;
  if (values.help) return console.log(USAGE);
  const log = console.log;
  if (command !== undefined && command !== "calibrate") throw new Error(`There is no command ${command}.\n\n${USAGE}`);
  const openText = (dir: string) => openTower(dir, "text");
  const build = () => buildPolicies({ packDir, policiesDir, labelsDir, openText, log });
  if (command !== undefined && (!policy || !picturesDir))
    throw new Error(`--policy or --pictures is missing\n\n${USAGE}`);
  await buildBanks({ packDir, labelsDir, log });
  const policies = await build();
  if (command === undefined || !policy || !picturesDir) return;
  if (!policies.includes(policy)) throw new Error(`there is no policy ${policy}; there are: ${policies.join(", ")}`);
  await calibratePolicy({ packDir, policiesDir, labelsDir, policy, picturesDir, log });
  await build();
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
