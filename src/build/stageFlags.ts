// The flags that say what is shipped, which `npm start` and `npm run deploy` share.
import type { StageOptions } from "./stage.ts";

export const STAGE_FLAGS = {
  pack: { type: "string", default: "models/nano" },
  labels: { type: "string", default: "models/labels" },
  policies: { type: "string", default: "models/policies" },
  webhooks: { type: "string", default: "models/webhooks" },
  big: { type: "string" },
  "big-labels": { type: "string" },
  "big-policies": { type: "string" },
} as const;

export const STAGE_USAGE = `  --pack          the pack (models/nano)
  --labels        the label files (models/labels)
  --policies      the policy files (models/policies)
  --webhooks      the sources of webhooks (models/webhooks)
  --big           the pack of a big model on backends, which uncertain answers may be handed to
  --big-labels    its own label files (those of --labels)
  --big-policies  its own policy files (those of --policies)`;

type Values = { [F in "pack" | "labels" | "policies" | "webhooks"]: string } & {
  [F in "big" | "big-labels" | "big-policies"]?: string | undefined;
};

export const stageOptions = ({ pack, labels, policies, webhooks, big, ...own }: Values): StageOptions => ({
  packDir: pack,
  labelsDir: labels,
  policiesDir: policies,
  webhooksDir: webhooks,
  big:
    big === undefined
      ? undefined
      : { packDir: big, labelsDir: own["big-labels"] ?? labels, policiesDir: own["big-policies"] ?? policies },
  log: console.log,
});
