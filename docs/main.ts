import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pagesWithCommands, withOutputs } from "./command-blocks.ts";
import { documents } from "./generate.ts";
import { nestingLogs } from "./nesting-logs.ts";

const [folder = "docs"] = process.argv.slice(2);
for (const [name, text] of [...documents(), ...nestingLogs()]) {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
for (const name of pagesWithCommands) {
  const file = join("docs", name);
  writeFileSync(join(folder, name), await withOutputs(readFileSync(file, "utf8")));
}
