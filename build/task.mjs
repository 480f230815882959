/** The tasks behind package.json's scripts: `task.mjs <task> [arguments]`. Needs no package. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { build } from "./bundle.mjs";
import { declare } from "./declarations.mjs";
import { install } from "./install.mjs";
import { checkPackage } from "./package.mjs";
import { root } from "./root.mjs";

const [task, ...rest] = process.argv.slice(2);

const shown = [
  "linux-legacy-nvme",
  "linux-scalable-nvme",
  "linux-vfio-edu",
  "linux-legacy-nvme-load",
];
const replayed = shown.map((name) => `recordings/${name}.jsonl.gz`);

/** The environment of what is run: without colours where nobody sees them, unless asked for. */
function environment() {
  const { env, stdout } = process;
  return stdout.isTTY || env.FORCE_COLOR ? env : { ...env, NO_COLOR: "1" };
}

/** Runs a script of this checkout with this Node in the root folder, and ends as it ends. */
function run(script, ...args) {
  const { status } = spawnSync(process.execPath, [script, ...args], {
    cwd: root,
    env: environment(),
    stdio: "inherit",
  });
  process.exit(status ?? 1);
}

/** Installs what is missing, then runs a tool out of node_modules. */
function tool(script, ...args) {
  install();
  run(join(root, "node_modules", script), ...args);
}

/** Builds what is stale, then runs a program out of dist/. */
async function program(name, ...args) {
  await build();
  const output = join(root, "dist", `${name}.mjs`);
  if (existsSync(output)) run(output, ...args);
  console.error(`There is no ${name} to run: its source in build/entries.json does not exist`);
  process.exit(1);
}

const vitest = "vitest/vitest.mjs";
const typedoc = "../build/reference/node_modules/typedoc/bin/typedoc";
const biome = "@biomejs/biome/bin/biome";

const tasks = {
  install: () => install(),
  build: () => build().then(declare),
  start: () => program("shadowfold", ...(rest.length > 0 ? rest : ["replay", ...replayed])),
  test: () => tool(vitest, "run", ...rest),
  bench: () => program("bench", ...rest),
  hunt: () => program("hunt", ...rest),
  docs: () => program("docs", ...rest),
  "docs:api": () => tool(typedoc, "--options", join(root, "build", "reference", "typedoc.json")),
  "check:package": () => checkPackage(),
  check: () => tool("typescript/bin/tsc", "-p", ".", ...rest),
  lint: () => tool(biome, "check", ...rest),
  format: () => tool(biome, "check", "--write", ...rest),
};

if (task === undefined || !Object.hasOwn(tasks, task)) {
  console.error(`Unknown task ${task ?? ""}; there are: ${Object.keys(tasks).join(", ")}`);
  process.exit(1);
}
await tasks[task]();
