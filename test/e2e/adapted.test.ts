// A bank that was taught, and one with example pictures, deployed beside the shipped ones and asked through every Worker.
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Collection, freePort, startCollection } from "../../src/build/collection.ts";
import { apiFirst, writeConfigs } from "../../src/build/configs.ts";
import { adaptBank } from "../../src/build/labels/adaptBank.ts";
import { buildBanks } from "../../src/build/labels.ts";
import { EMBEDDED, STAGE_DIR, stage } from "../../src/build/stage.ts";
import { writeEntries } from "./entries.ts";
import { POLICIES_DIR } from "./policies.ts";
import { type Answer, answerOf, picture } from "./request.ts";

/** A folder of this run alone: what another run writes would restart these Workers. */
await mkdir(join(STAGE_DIR, "test"), { recursive: true });
const DIR = await mkdtemp(join(STAGE_DIR, "test", "adapted-"));
const [packDir, labelsDir] = [join(DIR, "pack"), join(DIR, "labels")];
const SHOWN = { upper: ["t-shirt", "dress-shirt", "jacket"], lower: ["pants", "shorts", "shoes"] };
const PHOTOS = Object.entries(SHOWN).flatMap(([label, names]) => names.map((name) => [name, label] as const));
/** Prompts that say the opposite of the pictures. */
const MISLEADING =
  "labels: [{name: upper, prompts: [pants, shorts, shoes]}, {name: lower, prompts: [t-shirt, jacket]}]\n";

let running: Collection | undefined;
beforeAll(async () => {
  await cp(EMBEDDED.packDir, packDir, { recursive: true });
  await cp(EMBEDDED.labelsDir, labelsDir, { recursive: true });
  await mkdir(join(DIR, "deployment"));
  for (const method of ["linear", "tip"])
    await writeFile(join(labelsDir, `${method}.yaml`), `title: ${method}\ntemplates: ["{}"]\n${MISLEADING}`);
  await cp("test/fixtures/pictures/hat.jpg", join(labelsDir, "shown/hat.jpg"));
  const shown = 'title: Shown\ntemplates: ["{}"]\nlabels: [{name: B-4, prompts: [], images: [shown/hat.jpg]}, pants]\n';
  await writeFile(join(labelsDir, "shown.yaml"), shown);
  for (const [name, label] of PHOTOS) {
    // Each photo three times, so that whatever fold it is in another copy teaches what it shows.
    for (const copy of [1, 2, 3])
      await cp(`test/fixtures/pictures/${name}.jpg`, join(DIR, "pictures", label, `${name}-${copy}.jpg`));
  }
  await buildBanks({ packDir, labelsDir });
  const options = {
    packDir,
    labelsDir,
    picturesDir: join(DIR, "pictures"),
    loss: "multi-positive",
    log: () => {},
  } as const;
  for (const method of ["linear", "tip"] as const) await adaptBank({ ...options, bank: method, method });
  const deploymentDir = join(DIR, "deployment");
  const manifest = await stage({
    ...EMBEDDED,
    packDir,
    labelsDir,
    policiesDir: POLICIES_DIR,
    deploymentDir,
    log: () => {},
  });
  const { api, batch } = await writeEntries(DIR);
  const configs = await writeConfigs(manifest, {
    dir: join(DIR, "config"),
    overrides: { api: { main: api }, batch: { main: batch } },
  });
  const port = await freePort(0);
  running = await startCollection({ configs: apiFirst(configs), port, live: "/healthz", vars: { OPEN_API: "yes" } });
});
afterAll(async () => {
  await running?.stop();
  await rm(DIR, { recursive: true });
});

const ask = async (bank: string, name: string): Promise<Answer> =>
  answerOf(await fetch(`${running?.url}/v1/classify?bank=${bank}`, { method: "POST", body: await picture(name) }));
const bankOf = async (id: string) => (await fetch(`${running?.url}/v1/labels/${id}`)).json();

test.each(["linear", "tip"])("classify answers by what was learned: %s", async (method) => {
  const answers = await Promise.all(PHOTOS.map(async ([name]) => (await ask(method, name)).predictions));
  expect(answers.map(([best]) => best?.label)).toEqual(PHOTOS.map(([, label]) => label));
  for (const predictions of answers) {
    expect(predictions.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 5);
    for (const { cosine } of predictions) expect(Math.abs(cosine)).toBeLessThanOrEqual(1);
  }
});

test("tags go on by the texts, which are what the calibration belongs to", async () => {
  const url = `${running?.url}/v1/tag?bank=linear&min_score=0`;
  const response = await fetch(url, { method: "POST", body: await picture("pants") });
  const { tags } = (await response.json()) as { tags: Answer["predictions"] };
  const cosines = (list: Answer["predictions"]) => Object.fromEntries(list.map(({ label, cosine }) => [label, cosine]));
  // A cache leaves the class vectors as the texts are.
  expect(cosines(tags)).toEqual(cosines((await ask("tip", "pants")).predictions));
  expect(cosines(tags)).not.toEqual(cosines((await ask("linear", "pants")).predictions));
});

test("a bank tells what it learned and what that is worth", async () => {
  const [linear, tip, everyday] = await Promise.all(["linear", "tip", "everyday"].map(bankOf));
  const worth = { pictures: 18, folds: 5, labels: expect.arrayContaining(["upper", "lower"]) };
  expect(linear).toMatchObject({ adapted: { method: "linear", loss: "multi-positive", ...worth } });
  expect(tip).toMatchObject({ adapted: { method: "tip", alpha: expect.any(Number), ...worth } });
  expect(everyday).toMatchObject({ adapted: null });
  const { adapted } = linear as { adapted: { accuracy_before: number; accuracy_after: number; p: number } };
  expect(adapted.accuracy_after).toBeGreaterThan(adapted.accuracy_before);
  expect(adapted.p).toBeLessThan(0.05);
});

test("a label of a bank by an example picture", async () => {
  expect((await ask("shown", "hat")).predictions[0]?.label).toBe("B-4");
  expect((await ask("shown", "pants")).predictions[0]?.label).toBe("pants");
  expect(await bankOf("shown")).toMatchObject({ labels: [{ images: [expect.stringMatching(/^sha256:/)] }, {}] });
});
