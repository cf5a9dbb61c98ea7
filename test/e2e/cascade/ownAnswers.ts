// What the big model of the cascade says by itself, on another engine and without any Worker.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { embedImages } from "../../../src/build/labels/embedImages.ts";
import { openBank } from "../../../src/build/labels/openBank.ts";
import { openTower } from "../../../src/build/ort.ts";
import { readPack } from "../../../src/build/readPack.ts";
import { readBig } from "../../../src/functions/deployment/deployment.ts";
import { bankClasses, classifyPicture } from "../../../src/functions/tasks/classifyPicture.ts";
import { bankTexts, tagPicture } from "../../../src/functions/tasks/tagPicture.ts";
import { bytes } from "./cascade.ts";

export async function ownAnswers(packDir: string) {
  const manifest = await readPack(packDir);
  const tower = await openTower(packDir, "vision");
  const [vector = new Float32Array()] = await embedImages(tower, [{ path: "hat", bytes, hash: "" }], manifest.image);
  const bank = await openBank(packDir, "everyday", manifest);
  const pack: unknown = JSON.parse(await readFile(join(packDir, "pack.json"), "utf8"));
  const deployment = { ...readBig({ pack, banks: [], policies: [] }), banks: new Map([["everyday", bank]]) };
  const encoded = { vector, animated: false };
  return {
    classify: classifyPicture(deployment, { bank, classifier: bankClasses(bank), warnings: [] }, encoded, { top_k: 3 }),
    tag: tagPicture(deployment, { bank, classifier: bankTexts(bank), warnings: [] }, encoded, {
      ...{ min_score: 0.1, max_tags: 5 },
    }),
  };
}
