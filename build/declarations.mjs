/** Writes the declarations of the library to dist/types/ unless they are those of the sources. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hashOfSources } from "./bundle.mjs";
import { root } from "./root.mjs";

const folder = join(root, "dist", "types");
const stamp = join(root, "dist", ".declared");

/** Names modules as a consumer resolves them: `.js`, which stands for `.d.ts`. */
const renamed = (text) => text.replaceAll(/((?:from |import\()"\.[^"]*)\.ts"/g, '$1.js"');

const hash = hashOfSources();
if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== hash) {
  rmSync(folder, { recursive: true, force: true });
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  const options = ["-p", join(root, "build", "types.json")];
  const { status } = spawnSync(process.execPath, [compiler, ...options], {
    stdio: ["ignore", 2, 2],
  });
  if (status !== 0) process.exit(status ?? 1);
  for (const name of readdirSync(folder, { recursive: true })) {
    if (!name.endsWith(".d.ts")) continue;
    const path = join(folder, name);
    writeFileSync(path, renamed(readFileSync(path, "utf8")));
  }
  writeFileSync(stamp, hash);
}
