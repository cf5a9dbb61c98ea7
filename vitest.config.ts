import { defineConfig } from "vitest/config";

/** Where .ci/run wants the counts. */
const report = process.env["VITEST_JSON"];

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 120_000,
    ...(report ? { reporters: ["default", ["json", { outputFile: report }]] } : {}),
    projects: [
      { extends: true, test: { name: "node", include: ["test/core/**/*.test.ts", "test/build/**/*.test.ts"] } },
      { extends: true, test: { name: "e2e", include: ["test/e2e/**/*.test.ts"], globalSetup: "test/e2e/setup.ts" } },
    ],
  },
});
