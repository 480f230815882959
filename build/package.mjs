/**
 * Lets publint and Are The Types Wrong look at the package as it is published: do its exports lead
 * to what is there, under every resolution of ES modules? Both work offline.
 */
import "./declarations.mjs";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./root.mjs";

const isWindows = process.platform === "win32";

/** Packs the package into a folder. @returns the path of the tarball. */
function pack(folder) {
  const options = ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder];
  const { status } = spawnSync("npm", options, { cwd: root, shell: isWindows, stdio: "ignore" });
  const name = readdirSync(folder).find((one) => one.endsWith(".tgz"));
  if (status !== 0 || name === undefined) throw new Error(`npm pack failed: ${status}`);
  return join(folder, name);
}

const folder = mkdtempSync(join(tmpdir(), "shadowfold-package-"));
try {
  const tarball = pack(folder);
  for (const [script, ...options] of [
    ["publint/src/cli.js", tarball, "--strict"],
    ["@arethetypeswrong/cli/dist/index.js", tarball, "--profile", "esm-only"],
  ]) {
    const path = join(root, "node_modules", script);
    const { status } = spawnSync(process.execPath, [path, ...options], { stdio: "inherit" });
    if (status !== 0) process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}
