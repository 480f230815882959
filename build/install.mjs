import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./root.mjs";

/** The `packages` of a lock file, path to `{ version, optional? }`; `undefined` if unreadable. */
function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(join(root, file), "utf8")).packages;
  } catch {
    return undefined;
  }
}

/** Whether node_modules holds every package that it needs in the version that is locked. */
export function installed() {
  const wanted = packagesOf("package-lock.json");
  const present = packagesOf("node_modules/.package-lock.json");
  if (wanted === undefined) throw new Error("package-lock.json cannot be read");
  if (present === undefined) return false;
  return Object.entries(wanted).every(
    ([path, { version, optional }]) =>
      path === "" ||
      present[path]?.version === version ||
      (optional === true && present[path] === undefined),
  );
}

/**
 * Installs what package-lock.json names unless it is there already; one line on stderr says so.
 * No package needs its install script: native parts come as optional dependencies. The options win
 * over what a calling npm passes on in the environment (`--dry-run`, `--omit=dev`).
 */
export function install() {
  if (installed()) return;
  console.error("Installing the packages that package-lock.json names (npm ci) …");
  const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const kinds = ["--include=dev", "--include=optional", "--dry-run=false", "--global=false"];
  const run = spawnSync("npm", ["ci", ...options, ...kinds], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32",
  });
  if (run.error !== undefined || run.status !== 0) {
    console.error(`npm ci failed: ${run.error?.message ?? `exit ${run.status ?? run.signal}`}`);
    process.exit(1);
  }
}
