// `npm run deploy -- --dry-run`: what would be deployed, in which order, under which names.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { POLICIES_DIR } from "./policies.ts";

test("model Workers are named after their pack, and the api comes last, bound to them", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    "src/build/deploy.ts",
    ...["--dry-run", "--database", "d1-id", "--bucket", "pictures", "--policies", POLICIES_DIR],
  ]);
  const order = [...stdout.matchAll(/^(\w+) \(dry run\)$/gm)].map(([, worker]) => worker);
  expect(order).toEqual(["database", "image", "vision", "text", "batch", "api"]);
  const { pack } = JSON.parse(readFileSync("models/nano/pack.json", "utf8"));
  const suffix = pack.slice("sha256:".length, "sha256:".length + 8);
  for (const tower of ["vision", "text"]) {
    expect(stdout).toContain(`(edgeclip-${tower}-${suffix})`);
    const config = JSON.parse(readFileSync(`.edgeclip/config/${tower}/wrangler.json`, "utf8"));
    expect(config).toMatchObject({ name: `edgeclip-${tower}-${suffix}`, workers_dev: false });
  }
  const [api, batch] = ["api", "batch"].map((worker) =>
    JSON.parse(readFileSync(`.edgeclip/config/${worker}/wrangler.json`, "utf8")),
  );
  const services = [
    { binding: "IMAGE", service: "edgeclip-image" },
    { binding: "VISION", service: `edgeclip-vision-${suffix}` },
  ];
  services.push({ binding: "TEXT", service: `edgeclip-text-${suffix}` });
  expect(batch).toMatchObject({ name: "edgeclip-batch", workers_dev: false, services });
  expect(api).toMatchObject({ name: "edgeclip", services: expect.arrayContaining(services) });
  expect(batch.vars).toEqual(api.vars);
  for (const { d1_databases, r2_buckets, queues } of [api, batch]) {
    expect(r2_buckets).toEqual([{ binding: "BUCKET", bucket_name: "pictures" }]);
    expect(d1_databases).toMatchObject([
      { binding: "DB", database_id: "d1-id", migrations_dir: resolve("migrations") },
    ]);
    expect(queues.producers).toContainEqual({ binding: "WEBHOOKS", queue: "edgeclip-webhooks" });
  }
  expect(batch.queues.producers).toContainEqual({ binding: "BATCHES", queue: "edgeclip-batches" });
  expect(batch.queues.consumers).toMatchObject([
    { queue: "edgeclip-webhooks" },
    { queue: "edgeclip-batches", dead_letter_queue: "edgeclip-batches-dead" },
    { queue: "edgeclip-batches-dead" },
  ]);
  expect(stdout).toContain("Workers Paid plan");
  expect(stdout).toContain("Nothing was deployed.");
});

test("without a database nothing is deployed, and what to do is said", async () => {
  const { EDGECLIP_DATABASE: _unset, ...env } = process.env;
  const deploying = promisify(execFile)(process.execPath, ["src/build/deploy.ts"], { env });
  await expect(deploying).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining("wrangler d1 create edgeclip"),
  });
});
