import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Plugin } from "esbuild";
import type { Bug } from "../bugs/bug.ts";
import type { TurnedTarget } from "../bugs/turn-target.ts";
import { projectFolder } from "../project-folder.ts";
import { compilerImport, turnedCompiler } from "./turned-compiler.ts";

/** How often a bug's text occurs in its file. */
export const occurrences = (bug: Bug): number =>
  readFileSync(join(projectFolder(), bug.file), "utf8").split(bug.find).length - 1;

/** Puts one bug into the sources as they are bundled. */
export const seeding = (bug: Bug): Plugin => ({
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

/** Turns one target of one chart as the sources are bundled. */
export const turning = (mutant: TurnedTarget): Plugin => ({
  name: "turned target",
  setup(build) {
    const folder = projectFolder();
    const namespace = "turned";
    build.onResolve({ filter: compilerImport }, (file) =>
      file.namespace === namespace ? undefined : { path: file.path, namespace },
    );
    build.onLoad({ filter: /.*/, namespace }, () => ({
      contents: turnedCompiler(mutant, folder),
      loader: "js",
      resolveDir: folder,
    }));
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
 * Bundles a module of the project with one mistake in it, or with none, and uses the bundle.
 *
 * @param entry  the module's file, from the root.
 * @param use    is given the bundle's file, which is gone when it is done.
 * @throws Error when the sources do not bundle.
 */
export async function withMutant<Result>(
  entry: string,
  mistake: Plugin | undefined,
  use: (file: string) => Promise<Result>,
): Promise<Result> {
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
    plugins: [packagesInPlace, ...(mistake === undefined ? [] : [mistake])],
  });
  const folder = mkdtempSync(join(tmpdir(), "mutant-"));
  const file = join(folder, "mutant.mjs");
  try {
    writeFileSync(file, result.outputFiles[0]?.contents ?? "");
    return await use(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Bundles a module with a bug in it, or with none, and imports the bundle. */
export const importMutant = (entry: string, bug: Bug | undefined): Promise<unknown> =>
  withMutant(entry, bug && seeding(bug), (file) => import(pathToFileURL(file).href));
