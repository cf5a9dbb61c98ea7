import { cloudflareTest } from "@cloudflare/vitest-plugin";
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
].map((name) => `test/core/${name}{/**/*,}.test.ts`);

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 120_000,
    ...(report ? { reporters: ["default", ["json", { outputFile: report }]] } : {}),
    projects: [
      { extends: true, test: { name: "node", include: ["test/core/**/*.test.ts", "test/build/**/*.test.ts"] } },
      {
        extends: true,
        plugins: [cloudflareTest({ miniflare: { compatibilityDate: "2026-09-01" } })],
        test: { name: "workerd", include: PURE },
      },
      { extends: true, test: { name: "e2e", include: ["test/e2e/**/*.test.ts"], globalSetup: "test/e2e/setup.ts" } },
    ],
  },
});
