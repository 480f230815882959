import type { Command } from "commander";
import type { Run } from "../run.ts";
import { addExportHtml } from "./export-html.ts";

/** Adds `export FORMAT FILE`. */
export function addExport(program: Command, run: Run): void {
  const group = program
    .command("export")
    .summary("write a run as something that other programs open")
    .description("Writes a run as something that other programs open.");
  for (const add of [addExportHtml]) add(group, run);
}
