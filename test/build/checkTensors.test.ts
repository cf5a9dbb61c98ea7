// Weights and configuration must describe the same model: nothing missing, nothing left over, before anything is written.
import { expect, test } from "vitest";
import type { Checkpoint } from "../../src/build/checkpoint/checkpoint.ts";
import { checkTensors } from "../../src/build/expectedTensors.ts";
import { openGolden } from "./compile/openGolden.ts";

const GOLDENS = "test/goldens/parity";

async function check(name: string, change: (checkpoint: Checkpoint) => Partial<Checkpoint>): Promise<void> {
  const checkpoint = await openGolden(`${GOLDENS}/${name}`);
  try {
    checkTensors({ ...checkpoint, ...change(checkpoint) });
  } finally {
    checkpoint.tensors.close();
  }
}

const without = ({ tensors }: Checkpoint, missing: string): Partial<Checkpoint> => ({
  tensors: { ...tensors, has: (name) => name !== missing && tensors.has(name) },
});

test.each(["vit-gelu", "vit-mean", "vit-scaled", "modified-resnet", "coca", "coca-equal", "hugging-face"])(
  "%s has what it needs and nothing else",
  async (name) => {
    await expect(check(name, () => ({}))).resolves.toBeUndefined();
  },
);

test("what is missing, left over or of another shape is named", async () => {
  const blocks = ({ model }: Checkpoint, change: object): Partial<Checkpoint> => ({
    model: { ...model, text: { ...model.text, blocks: { ...model.text.blocks, ...change } } },
  });
  await expect(check("vit-gelu", (each) => without(each, "visual.proj"))).rejects.toThrow(/lack visual\.proj/);
  await expect(check("vit-gelu", (each) => without(each, "logit_scale"))).rejects.toThrow(/lack logit_scale/);
  await expect(check("vit-gelu", (each) => blocks(each, { hidden: 8 }))).rejects.toThrow(
    /mlp\.c_fc\.weight has the shape/,
  );
  await expect(check("vit-gelu", (each) => blocks(each, { layers: 3 }))).rejects.toThrow(
    /lack transformer\.resblocks\.2/,
  );
  await expect(check("vit-gelu", (each) => blocks(each, { layers: 1 }))).rejects.toThrow(
    /have transformer\.resblocks\.1/,
  );
  await expect(check("vit-scaled", (each) => blocks(each, { layerScale: false }))).rejects.toThrow(
    /have .+ls_1\.gamma/,
  );
});
