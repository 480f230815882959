import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Plugin } from "esbuild";
import { bugs } from "../../properties/bugs/all.ts";
import type { Bug } from "../../properties/bugs/bug.ts";
import { projectFolder } from "../../properties/project-folder.ts";

/** Bundles one module again and again, each time with another bug in it. */
export interface Bundler {
  /** Writes a bundle with a bug, or with none. @returns its file, which the next one replaces. */
  readonly bundle: (bug: Bug | undefined) => Promise<string>;
  readonly stop: () => Promise<void>;
}

/** The files that have a bug's place, as a pattern of their paths. */
const places = (): RegExp => {
  const paths = new Set(bugs.map(({ file }) => join(projectFolder(), file)));
  const escaped = [...paths].map((path) => path.replaceAll(/[.\\/]/g, "\\$&"));
  return new RegExp(`^(${escaped.join("|")})$`);
};

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

/** Starts a bundler of a module, whose file is named from the root. */
export async function startBundler(entry: string): Promise<Bundler> {
  const esbuild = await import("esbuild");
  let current: Bug | undefined;
  const seeded: Plugin = {
    name: "seeded bug",
    setup(build) {
      build.onLoad({ filter: places() }, ({ path }) => {
        const text = readFileSync(path, "utf8");
        const { file = "", find = "", replace = "" } = current ?? {};
        const isPlace = file !== "" && path === join(projectFolder(), file);
        return { contents: isPlace ? text.replace(find, () => replace) : text, loader: "ts" };
      });
    },
  };
  const context = await esbuild.context({
    absWorkingDir: projectFolder(),
    entryPoints: [entry],
    ...{ bundle: true, write: false, platform: "node", format: "esm", target: "node20" },
    logLevel: "silent",
    plugins: [packagesInPlace, seeded],
  });
  const folder = mkdtempSync(join(tmpdir(), "mutant-"));
  let count = 0;
  return {
    bundle: async (bug) => {
      current = bug;
      const { outputFiles } = await context.rebuild();
      count += 1;
      const file = join(folder, `mutant-${count.toString()}.mjs`);
      writeFileSync(file, outputFiles?.[0]?.contents ?? "");
      return file;
    },
    stop: async () => {
      await context.dispose();
      rmSync(folder, { recursive: true });
    },
  };
}
