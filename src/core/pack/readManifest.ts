// Reads pack.json, and refuses one that this version does not understand.
import * as v from "valibot";
import { Problem } from "../problem.ts";
import { type Manifest, ManifestSchema } from "./manifest.ts";

/** @throws Problem `pack_corrupt` naming the first field that is wrong */
export function readManifest(json: unknown): Manifest {
  const result = v.safeParse(ManifestSchema, json);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new Problem("pack_corrupt", `pack.json: ${v.getDotPath(issue) ?? "document"}: ${issue.message}`);
}
