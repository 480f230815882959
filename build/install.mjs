/**
 * Installs what package-lock.json names if node_modules lacks any of it, and says so. Where nothing
 * is missing nothing is touched: another version is told in one line and used, but in CI.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { env } from "node:process";
import { root } from "./root.mjs";

const read = (path) => JSON.parse(readFileSync(join(root, path), "utf8"));

/** The version of a package that lies in a folder; `undefined` if none does. */
function versionIn(folder) {
  try {
    return read(join(folder, "package.json")).version;
  } catch {
    return undefined;
  }
}

const wanted = Object.entries(read("package-lock.json").packages)
  .filter(([folder, { link }]) => folder !== "" && link !== true)
  .map(([folder, { version, optional = false }]) => ({ folder, version, optional }));
const missing = wanted.filter(
  ({ folder, optional }) => !optional && versionIn(folder) === undefined,
);
const others = wanted.filter(({ folder, version }) => {
  const present = versionIn(folder);
  return present !== undefined && present !== version;
});

/**
 * No package needs its install script: native parts come as optional dependencies. The options win
 * over what a calling npm passes on in the environment (`--dry-run`, `--omit=dev`).
 */
function install() {
  const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const kinds = ["--include=dev", "--include=optional", "--dry-run=false", "--global=false"];
  const run = spawnSync("npm", ["ci", ...options, ...kinds], {
    cwd: root,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (run.error === undefined && run.status === 0) return;
  console.error(`npm ci failed: ${run.error?.message ?? `exit ${run.status ?? run.signal}`}`);
  process.exit(1);
}

const differing = others.map(({ folder }) => folder.slice("node_modules/".length)).join(", ");
if (missing.length > 0 || (env.CI && others.length > 0)) {
  const count = `node_modules lacks ${missing.length} packages`;
  const why = missing.length > 0 ? count : `other versions: ${differing}`;
  console.error(`${why}: installing what package-lock.json names (npm ci) …`);
  install();
} else if (others.length > 0) {
  console.error(`Not the versions of package-lock.json, which npm ci installs: ${differing}`);
}
