import type { Command } from "commander";
import type { Run } from "../run.ts";
import { addExportCsv } from "./export/csv.ts";
import { addExportHtml } from "./export/html.ts";
import { addExportPerfetto } from "./export/perfetto.ts";
import { addExportVcd } from "./export/vcd.ts";

/** Adds `export FORMAT FILE`. */
export function addExport(program: Command, run: Run): void {
  const parent = program
    .command("export")
    .summary("write a run as a page, or in the formats of other tools")
    .description(
      "Writes a run as one page with the debugger in it, or what a log says in the formats of " +
        "other tools.",
    )
    .addHelpText(
      "after",
      "\nExamples:\n  shadowfold export html recordings/linux-vfio-edu.jsonl.gz -o run.html\n" +
        "  shadowfold export perfetto recordings/linux-vfio-edu.jsonl.gz -o edu.pftrace",
    );
  const formats = [addExportHtml, addExportPerfetto, addExportVcd, addExportCsv];
  for (const add of formats) add(parent, run);
}
