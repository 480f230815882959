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

/** Tests that replace modules or watch the process, or whose programs do: each has its own. */
const alone = ["cli/**/*.test.ts", "qemu/**/*.test.ts", "library/**/*.test.ts"];
const never = ["**/node_modules/**", "dist/**", "coverage/**"];

export default defineConfig({
  plugins: mutant === undefined ? [] : [turning],
  test: {
    projects: [
      { extends: true, test: { name: "alone", include: alone, exclude: never } },
      // Loading the modules once for all files, not for each, saves a quarter of the time.
      {
        extends: true,
        test: {
          name: "together",
          include: ["**/*.test.ts"],
          exclude: [...never, ...alone],
          isolate: false,
        },
      },
    ],
    setupFiles: ["build/offline.mjs"],
    pool: "forks",
    maxWorkers: 2,
    // A bound for what hangs, wide enough for a machine with other work.
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
