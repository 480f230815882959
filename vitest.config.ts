import { env } from "node:process";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { compilerImport, turnedCompiler } from "./properties/hunt/turned-compiler.ts";

/** A target of a chart that a hunt has turned, if this run is one of a hunt's. */
const mutant = env["SHADOWFOLD_TURNED"];
const folder = fileURLToPath(new URL(".", import.meta.url)).replace(/\/$/, "");
const turnedId = "\0turned-compiler";

const turning = {
  name: "turned target",
  enforce: "pre" as const,
  resolveId: (source: string, importer?: string) =>
    compilerImport.test(source) && importer !== turnedId ? turnedId : undefined,
  load: (id: string) =>
    id === turnedId ? turnedCompiler(JSON.parse(mutant ?? ""), folder) : undefined,
};

export default defineConfig({
  plugins: mutant === undefined ? [] : [turning],
  test: {
    include: ["**/*.test.ts"],
    exclude: ["**/node_modules/**", "dist/**", "coverage/**"],
    setupFiles: ["build/offline.mjs"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
