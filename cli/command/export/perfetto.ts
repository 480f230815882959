import type { Command } from "commander";
import { perfettoExporter } from "../../export/perfetto.ts";
import { findingsOf } from "../../index-file.ts";
import type { Run } from "../../run.ts";
import type { ExportOptions } from "./export-log.ts";
import { exportLog, withExport } from "./export-log.ts";

/** Adds `export perfetto FILE`. */
export function addExportPerfetto(parent: Command, run: Run): void {
  const command = parent
    .command("perfetto")
    .summary("a trace for ui.perfetto.dev")
    .description(
      "Writes a trace of track events: a lane for each device and each part of the unit, arrows " +
        "from an input to what follows in other lanes. An event takes a microsecond.",
    );
  withExport(command).action((file: string, options: ExportOptions) =>
    exportLog(run, file, options, perfettoExporter(findingsOf)),
  );
}
