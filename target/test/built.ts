import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { projectFolder } from "../../properties/project-folder.ts";

const from = (path: string): string => join(projectFolder(), path);

/** Bundles a TypeScript file of the project into a module that Node runs. @returns its path. */
export function bundled(source: string, folder: string): string {
  const outfile = join(folder, `${source.replaceAll(/[/.]/g, "-")}.mjs`);
  buildSync({
    entryPoints: [from(source)],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
  });
  return outfile;
}

/** Whether there is a C compiler; else why what needs one is skipped, to be put behind its name. */
export function installedCompiler(): { readonly isThere: boolean; readonly why: string } {
  const isThere = spawnSync("cc", ["--version"], { stdio: "ignore" }).status === 0;
  return { isThere, why: isThere ? "" : " (skipped: there is no cc)" };
}

/** Compiles the example in C. @returns the path of the program. @throws Error with its warnings. */
export function compiledExample(folder: string): string {
  const program = join(folder, "viommu");
  const words = ["-O2", "-Wall", "-Wextra", "-Werror", "-std=c11", "-o", program];
  const { status, stderr } = spawnSync("cc", [...words, from("target/example/viommu.c")]);
  if (status !== 0) throw new Error(stderr.toString());
  return program;
}
