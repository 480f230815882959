import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { documents } from "./generate.ts";

const [folder = "docs"] = process.argv.slice(2);
for (const [name, text] of documents()) writeFileSync(join(folder, name), text);
