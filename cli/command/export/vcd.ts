import type { Command } from "commander";
import { vcdExporter } from "../../export/vcd.ts";
import type { Run } from "../../run.ts";
import type { ExportOptions } from "./export-log.ts";
import { exportLog, withExport } from "./export-log.ts";

/** Adds `export vcd FILE`. */
export function addExportVcd(parent: Command, run: Run): void {
  const command = parent
    .command("vcd")
    .summary("a value change dump for viewers of waveforms")
    .description(
      "Writes registers and their bits, the queue's pointers, and the states of charts, each " +
        "state a wire. Time is the number of the event.",
    );
  withExport(command).action((file: string, options: ExportOptions) =>
    exportLog(run, file, options, vcdExporter()),
  );
}
