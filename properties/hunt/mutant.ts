import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Plugin } from "esbuild";
import type { Bug } from "../bugs/bug.ts";
import { projectFolder } from "../project-folder.ts";

/** How often a bug's text occurs in its file. */
export const occurrences = (bug: Bug): number =>
  readFileSync(join(projectFolder(), bug.file), "utf8").split(bug.find).length - 1;

/** Puts one bug into the sources as they are bundled. */
const seeding = (bug: Bug): Plugin => ({
  name: "seeded bug",
  setup(build) {
    const path = join(projectFolder(), bug.file);
    build.onLoad({ filter: /\.ts$/ }, (file) => {
      if (file.path !== path) return undefined;
      const text = readFileSync(path, "utf8");
      if (!text.includes(bug.find)) throw new Error(`${bug.file} has no place for ${bug.id}`);
      const contents = text.replace(bug.find, () => bug.replace);
      return { contents, loader: "ts" };
    });
  },
});

/** Names packages by their files, so that a bundle may lie anywhere. */
const packagesInPlace: Plugin = {
  name: "packages in place",
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
      kind === "entry-point" || path.startsWith("node:")
        ? undefined
        : { path: import.meta.resolve(path), external: true },
    );
  },
};

/**
 * Bundles a module of the project with a bug in it, or with none, and imports the bundle.
 *
 * @param entry  the module's file, from the root.
 * @throws Error when the sources do not bundle.
 */
export async function importMutant(entry: string, bug: Bug | undefined): Promise<unknown> {
  const esbuild = await import("esbuild");
  const result = await esbuild.build({
    absWorkingDir: projectFolder(),
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "silent",
    plugins: [packagesInPlace, ...(bug === undefined ? [] : [seeding(bug)])],
  });
  const folder = mkdtempSync(join(tmpdir(), "mutant-"));
  const file = join(folder, "mutant.mjs");
  try {
    writeFileSync(file, result.outputFiles[0]?.contents ?? "");
    return await import(pathToFileURL(file).href);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
