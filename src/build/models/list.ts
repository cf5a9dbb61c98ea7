// `npm run models -- list`: the registry as a table.
import { parseArgs } from "node:util";
import { REGISTRY, readRegistry } from "../registry/readRegistry.ts";
import type { KnownModel } from "../registry/schema.ts";
import { gpuGigabytes, TABLE, type Tier, tierOf } from "../registry/tiers.ts";
import { type Column, table } from "../terminal/table.ts";

const USAGE = `npm run models -- list [--json]

  --json   the registry with the tier of each tower, for scripts`;

const COLUMNS: Column[] = [
  { title: "id" },
  { title: "image", align: "right" },
  { title: "text", align: "right" },
  { title: "licence" },
  { title: "top-1", align: "right" },
  { title: "COCO", align: "right" },
  { title: "Flickr", align: "right" },
  { title: "fits" },
  { title: "GB", align: "right" },
];
const TIER: Record<Tier, string> = { int8: "int8", int4: "int4", gpu: "GPU" };
const LEGEND = `image, text: millions of parameters. top-1: ImageNet zero-shot, %. COCO, Flickr30k: recall at 1, %,
picture by caption / caption by picture. Figures are the publishers' own (--json names each source);
"-": none published. fits: image / text tower in an edge isolate (int8, int4) or on a GPU, by size;
deploy: texts are encoded when labels are built. GB: both towers in fp16. *: non-commercial.`;

const tiersOf = ({ params, text_tower }: KnownModel) => ({
  vision: tierOf(params.vision),
  text: text_tower === "deploy" ? ("deploy" as const) : tierOf(params.text, TABLE),
});

function row(model: KnownModel): string[] {
  const { params, licence, imagenet, coco, flickr30k } = model;
  const tiers = tiersOf(model);
  const recall = (at: KnownModel["coco"]) => (at ? `${at.image_r1.toFixed(1)}/${at.text_r1.toFixed(1)}` : "-");
  return [
    model.id,
    params.vision.toFixed(1),
    params.text.toFixed(1),
    `${licence.id}${licence.commercial ? "" : " *"}`,
    imagenet?.top1.toFixed(1) ?? "-",
    recall(coco),
    recall(flickr30k),
    `${TIER[tiers.vision]} / ${tiers.text === "deploy" ? "deploy" : TIER[tiers.text]}`,
    gpuGigabytes(params).toFixed(2),
  ];
}

export async function list(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { json: { type: "boolean", default: false }, help: { type: "boolean", default: false } },
  });
  if (values.help) return console.log(USAGE);
  const { sources, models } = await readRegistry();
  if (values.json) {
    const told = models.map((model) => ({
      ...model,
      tiers: tiersOf(model),
      gpu_gigabytes: gpuGigabytes(model.params),
    }));
    return console.log(JSON.stringify({ sources, models: told }, null, 1));
  }
  for (const line of table(COLUMNS, models.map(row))) console.log(line);
  console.log(`\n${LEGEND}\n${models.length} models of ${REGISTRY}.`);
}
