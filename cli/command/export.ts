import type { Command } from "commander";
import type { Run } from "../run.ts";
import { addExportCsv } from "./export/csv.ts";
import { addExportPerfetto } from "./export/perfetto.ts";
import { addExportVcd } from "./export/vcd.ts";

/** Adds `export FORMAT FILE`. */
export function addExport(program: Command, run: Run): void {
  const parent = program
    .command("export")
    .summary("write a log in the formats of other tools")
    .description("Writes what a log says in the formats of other tools.")
    .addHelpText(
      "after",
      "\nExample:\n  shadowfold export perfetto recordings/linux-vfio-edu.jsonl.gz -o edu.pftrace",
    );
  for (const add of [addExportPerfetto, addExportVcd, addExportCsv]) add(parent, run);
}
