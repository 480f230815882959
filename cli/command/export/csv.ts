import type { Command } from "commander";
import { summarise } from "../../../history/summary.ts";
import { csvExporter, csvTable } from "../../export/csv.ts";
import { momentOf, openHistory } from "../../history-file.ts";
import { InputError } from "../../input-error.ts";
import { checkTarget } from "../../part-file.ts";
import type { Run } from "../../run.ts";
import { openPieces } from "../../write-pieces.ts";
import { atOption } from "../lookup.ts";
import type { ExportOptions } from "./export-log.ts";
import { exportLog, withExport } from "./export-log.ts";

interface Options extends ExportOptions {
  readonly table?: string;
  readonly at?: number;
}

/** Writes one table of the state after an event. */
async function exportTable(run: Run, file: string, table: string, options: Options): Promise<void> {
  const { output, force, at } = options;
  await checkTarget(run.terminal, { file: output, from: file, force });
  const { world, failure } = momentOf(await openHistory(run, file, at), file, at);
  const tables = world.guests.map((guest) => summarise(guest).tables);
  const names = Object.keys(tables[0] ?? {});
  const name = names.find((one) => one.toLowerCase() === table.toLowerCase());
  if (name === undefined) {
    throw new InputError(`--table: there is no ${table}; there are ${names.join(", ")}`);
  }
  const writer = openPieces(output);
  await writer.add(csvTable(tables.map((of) => of[name] ?? {})));
  await writer.close();
  if (failure !== undefined) run.fail(failure);
}

/** Adds `export csv FILE`. */
export function addExportCsv(parent: Command, run: Run): void {
  const command = parent
    .command("csv")
    .summary("all events, or one table of the state, as comma-separated values")
    .description(
      "Writes all events, one a line, with a column for each of the fields that many have and " +
        "the others together in the last one; or with --table the rows of a table of the state.",
    );
  withExport(command)
    .option("--table <name>", "this table of the state instead, like shadowMappings")
    .addOption(atOption("with --table: the state after this event; the end when missing"))
    .action((file: string, options: Options) => {
      const { table, at } = options;
      if (table !== undefined) return exportTable(run, file, table, options);
      if (at !== undefined) throw new InputError("--at: is of --table alone");
      return exportLog(run, file, options, csvExporter());
    });
}
