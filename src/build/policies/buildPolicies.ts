// Turns models/policies/*.yaml into the policies of a pack, and leaves alone what has not changed.
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import * as v from "valibot";
import { sha256 } from "../../core/hash.ts";
import type { Manifest } from "../../core/pack/manifest.ts";
import { readManifest } from "../../core/pack/readManifest.ts";
import { PolicySchema } from "../../core/policy/policy.ts";
import { createTokenizer, type Tokenize } from "../../core/text/tokenizer.ts";
import type { TextTower } from "../labels/embedPrompts.ts";
import { parseSource } from "../labels/parseSource.ts";
import { type PolicyCalibration, readPolicyCalibration } from "./calibration.ts";
import { conceptsHash, conceptsOf } from "./concepts.ts";
import { makePolicy } from "./makePolicy.ts";
import { type ParsedPolicy, parsePolicy } from "./parsePolicy.ts";

/** Raise it when the same policy and pack would give another file. */
const TOOL_VERSION = 1;
const ID = /^[a-z0-9][a-z0-9._-]*$/;

export interface BuildPoliciesOptions {
  /** With pack.json, the text tower and tokenizer.json; policies are written to its folder `policies`. */
  packDir: string;
  /** With `<id>.yaml`, one a policy. */
  policiesDir: string;
  /** Where the backgrounds are described. */
  labelsDir: string;
  openText: (packDir: string) => Promise<TextTower>;
  /** Told one line a policy. */
  log: (line: string) => void;
}

interface Read {
  id: string;
  source: ParsedPolicy;
  /** Undefined where there is none for these concepts in this space. */
  calibration: PolicyCalibration | undefined;
}

/** @returns ids of the policies */
export async function buildPolicies(options: BuildPoliciesOptions): Promise<string[]> {
  const { packDir, policiesDir, openText, log } = options;
  const manifest = readManifest(JSON.parse(await readFile(join(packDir, "pack.json"), "utf8")));
  const outDir = join(packDir, "policies");
  const names = await readdir(policiesDir).catch(() => []); // a deployment may have none
  const ids = names.filter((name) => name.endsWith(".yaml")).map((name) => basename(name, ".yaml"));
  // Every file is read before the first policy is built, so that a mistake in the last one costs no waiting.
  const policies = await Promise.all(ids.sort().map((id) => read(id, manifest, options)));
  await mkdir(outDir, { recursive: true });
  for (const name of await readdir(outDir)) {
    // A policy whose file was deleted must not be shipped.
    if (!ids.includes(name.replace(/\.(?:json|bin)$/, ""))) await rm(join(outDir, name));
  }

  let opened: Promise<[TextTower, Tokenize]> | undefined;
  const open = async (): Promise<[TextTower, Tokenize]> => {
    const tokenizer: unknown = JSON.parse(await readFile(join(packDir, manifest.text.tokenizer), "utf8"));
    return [await openText(packDir), createTokenizer(tokenizer, manifest.text)];
  };
  for (const { id, source, calibration } of policies) {
    const from = await sha256(
      new TextEncoder().encode(JSON.stringify([TOOL_VERSION, id, manifest.pack, source, calibration ?? null])),
    );
    const path = join(outDir, `${id}.json`);
    if ((await builtFrom(path)) === from) {
      log(`policy ${id}: unchanged`);
      continue;
    }
    opened ??= open();
    const [tower, tokenize] = await opened;
    const { file, vectors, truncated } = await makePolicy(id, source, calibration, manifest, tokenize, tower);
    for (const text of truncated) log(`policy ${id}: warning: does not fit ${manifest.text.context} tokens: ${text}`);
    // The document last: it is what says that the vectors are there.
    await rm(path, { force: true });
    await writeFile(join(outDir, `${id}.bin`), vectors);
    await writeFile(path, `${JSON.stringify({ ...file, built_from: from }, null, 1)}\n`);
    const judged = calibration ? `${Object.keys(calibration.categories).length} of them measured` : "not calibrated";
    log(`policy ${id}: ${file.categories.length} categories, ${judged}, ${file.hash.slice(0, 15)}`);
  }
  return ids;
}

async function read(id: string, { space }: Manifest, options: BuildPoliciesOptions): Promise<Read> {
  const { policiesDir, labelsDir, log } = options;
  const path = join(policiesDir, `${id}.yaml`);
  if (!ID.test(id)) throw new Error(`${path}: a policy is called after its file: lower case, digits, ".", "_", "-"`);
  const source = parsePolicy(path, await readFile(path, "utf8"));
  const calibration = await readPolicyCalibration(join(policiesDir, `${id}.calibration.json`));
  const concepts = await conceptsHashOf(path, id, source, labelsDir);
  if (!calibration || (calibration.space === space && calibration.concepts === concepts))
    return { id, source, calibration };
  log(`policy ${id}: its calibration was fitted on other concepts or another model, and is not applied`);
  return { id, source, calibration: undefined };
}

/** @throws Error where the background is no label file */
export async function conceptsHashOf(
  path: string,
  id: string,
  source: ParsedPolicy,
  labelsDir: string,
): Promise<string> {
  const background = join(labelsDir, `${source.background}.yaml`);
  const yaml = await readFile(background, "utf8").catch((cause: unknown) => {
    throw new Error(`${path}: background: there is no ${background}`, { cause });
  });
  const names = parseSource(background, yaml).labels.map(({ name }) => name);
  return conceptsHash(conceptsOf(id, source), names);
}

async function builtFrom(path: string): Promise<string | undefined> {
  const text = await readFile(path, "utf8").catch(() => undefined); // not built yet
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), PolicySchema), text);
  return parsed.success ? parsed.output.built_from : undefined;
}
