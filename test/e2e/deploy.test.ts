// `npm run deploy -- --dry-run`: what would be deployed, in which order, under which names.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("model Workers are named after their pack, and the api comes last, bound to them", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["src/build/deploy.ts", "--dry-run"]);
  const order = [...stdout.matchAll(/^(\w+) \(dry run\)$/gm)].map(([, worker]) => worker);
  expect(order).toEqual(["image", "vision", "text", "api"]);
  const { pack } = JSON.parse(readFileSync("models/nano/pack.json", "utf8"));
  const suffix = pack.slice("sha256:".length, "sha256:".length + 8);
  for (const tower of ["vision", "text"]) {
    expect(stdout).toContain(`(edgeclip-${tower}-${suffix})`);
    const config = JSON.parse(readFileSync(`.edgeclip/config/${tower}/wrangler.json`, "utf8"));
    expect(config).toMatchObject({ name: `edgeclip-${tower}-${suffix}`, workers_dev: false });
  }
  expect(stdout).toContain("Workers Paid plan");
  expect(stdout).toContain("Nothing was deployed.");
});
