import { defineConfig } from "vitest/config";

/** The tests that mutation testing asks: the quick ones about the model, and some random worlds. */
export default defineConfig({
  test: {
    include: [
      "{machines,tables,projections,hypervisor}/**/*.test.ts",
      "events/{layout,profile,registers}/*.test.ts",
      "properties/examples/*.test.ts",
      "properties/laws/{charts.test,worlds.mutate}.ts",
    ],
    exclude: ["**/node_modules/**", "dist/**"],
    testTimeout: 60_000,
  },
});
