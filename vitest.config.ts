import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

/** Where .ci/run wants the counts. */
const report = process.env.VITEST_JSON;

/** Tests of core that need no files: they run in Node and in workerd. */
const PURE = [
  "score",
  "loss",
  "fewshot",
  "oip",
  "labels/{bank,prompts}",
  "text/clean",
  "webhook/{verify,sign,schedule}",
  "json",
  "policy",
].map((name) => `test/core/${name}{/**/*,}.test.ts`);

/** Tests over a real database and a real bucket, which only workerd has. */
const DATABASE = ["test/functions/batch/**/*.test.ts"];
const database = async () => ({
  d1Databases: ["DB"],
  r2Buckets: ["BUCKET"],
  bindings: { MIGRATIONS: await readD1Migrations("migrations") },
});

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 120_000,
    ...(report ? { reporters: ["default", ["json", { outputFile: report }]] } : {}),
    projects: [
      {
        extends: true,
        test: { name: "node", include: ["test/{core,build,functions}/**/*.test.ts"], exclude: [...DATABASE] },
      },
      {
        extends: true,
        plugins: [
          cloudflareTest(async () => ({ miniflare: { compatibilityDate: "2026-09-01", ...(await database()) } })),
        ],
        test: { name: "workerd", include: [...PURE, ...DATABASE] },
      },
      {
        extends: true,
        test: { name: "backend", include: ["test/backend/**/*.test.ts"], globalSetup: "test/backend/setup.ts" },
      },
      { extends: true, test: { name: "e2e", include: ["test/e2e/**/*.test.ts"], globalSetup: "test/e2e/setup.ts" } },
    ],
  },
});
