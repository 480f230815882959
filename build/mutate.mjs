/**
 * Changes the model one place at a time and tells which changes no test notices. Paths are folders
 * or files of the layers from events/ to hypervisor/; all of them where there is none. What was
 * found is kept in coverage/, and only what changed since is tried again.
 */
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join, normalize } from "node:path";
import { argv, execPath, exit, stderr, stdout } from "node:process";
import { root } from "./root.mjs";

const layers = ["events", "machines", "tables", "projections", "hypervisor"];
const usage = `Usage: npm run mutate -- [path ...]

Changes the model one place at a time and tells which changes no test notices.

  path     a folder or file below ${layers.join(", ")}; all of them when missing
  --help   this text
`;

/** The files of one path, as the mutation tester names them; nothing for a path that is none. */
function filesOf(path) {
  const plain = normalize(path).replace(/\/$/, "");
  const isLayer = layers.includes(plain.split("/")[0] ?? "");
  if (!isLayer || !existsSync(join(root, plain))) return undefined;
  return statSync(join(root, plain)).isDirectory() ? `${plain}/**/*.ts` : plain;
}

const words = argv.slice(2);
if (words.includes("--help")) {
  stdout.write(usage);
  exit(0);
}
const wanted = words.length === 0 ? layers : words;
const files = wanted.map(filesOf);
const wrong = wanted.find((_, index) => files[index] === undefined);
if (wrong !== undefined) {
  stderr.write(`mutate: ${wrong} is no folder or file below ${layers.join(", ")}\n`);
  exit(2);
}
const stryker = join(root, "node_modules", "@stryker-mutator", "core", "bin", "stryker.js");
const mutate = [...files, "!**/*.test.ts"].join(",");
const { status } = spawnSync(execPath, [stryker, "run", "build/stryker.json", "--mutate", mutate], {
  cwd: root,
  stdio: "inherit",
});
exit(status ?? 1);
