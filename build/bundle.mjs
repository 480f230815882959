/**
 * Writes dist/ unless it was made from the sources as they are now, once what is missing is
 * installed. Programs are bundled one by one; library files share their chunks, so that an error
 * class is the same one in all of them. Needs no package before.
 */
import "./install.mjs";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { debuggerPage } from "./debugger.mjs";
import { root } from "./root.mjs";

const notSources = new Set([".git", "coverage", "dist", "node_modules", "recordings"]);
const stamp = join(root, "dist", ".sources");

/** Every file that can change the bundle, from the root: TypeScript but tests, tooling, vectors. */
function sources() {
  const folders = readdirSync(root, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && !notSources.has(entry.name),
  );
  const inside = folders.flatMap(({ name }) =>
    readdirSync(join(root, name), { recursive: true }).map((path) => join(name, path)),
  );
  const wanted = inside.filter(
    (path) =>
      !path.includes("node_modules") &&
      /^(build|vectors).*\.(mjs|json)$|(?<!\.test)\.tsx?$|^debugger.*\.(css|html)$/.test(path),
  );
  return ["package.json", "package-lock.json", ...wanted.sort()];
}

/** One hash over names and contents of all sources: it sees a removed file, times do not. */
export function hashOfSources() {
  const hash = createHash("sha256");
  for (const path of sources()) hash.update(`${path}\0`).update(readFileSync(join(root, path)));
  return hash.digest("hex");
}

/** The entries of build/entries.json whose source exists: output name to source. */
function entriesOf(kind) {
  const all = JSON.parse(readFileSync(join(root, "build", "entries.json"), "utf8"))[kind];
  return Object.fromEntries(
    Object.entries(all).filter(([, source]) => existsSync(join(root, source))),
  );
}

/** Bundles `entries` (output name to source) in memory for a folder; `options` are esbuild's. */
async function bundle(esbuild, entries, outdir, options) {
  if (Object.keys(entries).length === 0) return [];
  const result = await esbuild.build({
    absWorkingDir: root,
    entryPoints: entries,
    outdir,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    write: false,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "warning",
    ...options,
  });
  return result.outputFiles;
}

/** Writes a file so that a reader sees the old one or the new one, never half of it. */
function replaceFile(path, contents) {
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, contents);
  renameSync(draft, path);
}

/** Removes the files of a folder that are not among `kept`: chunks of an earlier build. */
function removeOthers(folder, kept) {
  for (const name of readdirSync(folder)) {
    if (!kept.includes(join(folder, name))) rmSync(join(folder, name), { recursive: true });
  }
}

const hash = hashOfSources();
if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== hash) {
  console.error("Building dist/ …");
  const esbuild = await import("esbuild");
  const programs = await bundle(esbuild, entriesOf("programs"), "dist", {});
  const folder = join("dist", "library");
  const library = await bundle(esbuild, entriesOf("library"), folder, { splitting: true });
  for (const { path, contents } of [...programs, ...library]) replaceFile(path, contents);
  const page = await debuggerPage(esbuild);
  if (page !== undefined) replaceFile(join(root, "dist", "debugger.html"), page);
  removeOthers(
    join(root, folder),
    library.map(({ path }) => path),
  );
  replaceFile(stamp, hash);
}
