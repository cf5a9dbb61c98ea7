// The licence of a model, shown before it is downloaded; a non-commercial one is agreed to first.
import { createInterface } from "node:readline/promises";
import type { KnownModel, Registry } from "../registry/schema.ts";

interface AgreeOptions {
  sources: Registry["sources"];
  /** `--accept-licence` */
  accepted: boolean;
  interactive: boolean;
  log: (line: string) => void;
}

/** @throws Error where agreement is needed and not given */
export async function agree(
  { id, licence, repo }: KnownModel,
  card: string | undefined,
  { sources, accepted, interactive, log }: AgreeOptions,
): Promise<void> {
  const source = sources[licence.source];
  log(
    `Licence: ${licence.id}${licence.commercial ? "" : ", NOT for commercial use"} (${source?.title}, ${source?.url})`,
  );
  const differs = card !== undefined && card !== "other" && card.toLowerCase() !== licence.id.toLowerCase();
  if (differs) log(`The model card of ${repo} says ${card}: read it before you rely on either.`);
  if (licence.commercial || accepted) return;
  if (!interactive)
    throw new Error(
      `${id} is under ${licence.id}, which forbids commercial use: --accept-licence says that you agree.`,
    );
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(`Do you agree to ${licence.id}? Type yes: `).finally(() => terminal.close());
  if (answer.trim().toLowerCase() !== "yes") throw new Error("Not agreed to, nothing downloaded.");
}
