import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pagesWithCommands, withOutputs } from "./command-blocks.ts";
import { documents } from "./generate.ts";
import { hostLogs } from "./host-logs.ts";
import { withLawRules, withLawTable } from "./law-sentences.ts";
import { nestingLogs } from "./nesting-logs.ts";
import { withReadings } from "./readings.ts";
import { findShortest, revokePage } from "./revoke-page.ts";
import { withEdits } from "./seal-edits.ts";

for (const [name, text] of [...documents(), ...nestingLogs(), ...hostLogs()]) {
  const file = join("docs", name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
writeFileSync(join("docs", "revoke.md"), await revokePage(findShortest));

/** Writes a page anew from what it is. */
async function revise(file: string, revised: (page: string) => string | Promise<string>) {
  writeFileSync(file, await revised(readFileSync(file, "utf8")));
}
for (const name of pagesWithCommands) await revise(join("docs", name), withOutputs);
await revise(join("docs", "seal.md"), withEdits);
await revise(join("docs", "readings.md"), (page) => withReadings(page));
await revise("README.md", withLawTable);
await revise("SPEC.md", withLawRules);
