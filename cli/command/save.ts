import type { Command } from "commander";
import { saveGuest } from "../../projections/life/save-record.ts";
import { parseNumber } from "../argument.ts";
import { foldFile } from "../folding.ts";
import { InputError } from "../input-error.ts";
import { checkTarget, forceOption } from "../part-file.ts";
import type { Run } from "../run.ts";
import { openWriter } from "../write.ts";
import { atOption, checkGuest } from "./lookup.ts";

interface Options {
  readonly at?: number;
  readonly guest?: number;
  readonly force?: true;
}

async function save(run: Run, file: string, out: string, options: Options): Promise<void> {
  const { force } = options;
  await checkTarget(run.terminal, { file: out, from: file, force });
  const { world, failure } = await foldFile(file, run.terminal, {}, options.at);
  if (failure !== undefined) throw failure;
  const index = options.guest ?? 0;
  checkGuest(file, world.guests.length, index);
  const guest = world.guests[index];
  if (guest?.charts.life !== "present") {
    throw new InputError(`${file}: guest ${index.toString()} has no unit to save`);
  }
  const writer = openWriter(out);
  for (const line of saveGuest(guest, world.owners).split("\n")) await writer.line(line);
  await writer.close();
}

/** Adds `save FILE OUT`. */
export function addSave(program: Command, run: Run): void {
  program
    .command("save")
    .summary("write down a unit as it is after an event")
    .description(
      "Folds a file and writes the record that UnitSave would give: all of a unit and what the " +
        "host keeps for it but memory, P2M and devices. UnitRestore takes its text, without the " +
        "end of the last line.",
    )
    .argument("<file>", "log or recording, gzipped or not; - is standard input")
    .argument("<out>", "record to write, gzipped when its name ends in .gz; - is standard output")
    .addOption(atOption("state after this event; the end when missing"))
    .option("--guest <number>", "this guest, from 0; the first when missing", parseNumber)
    .option(...forceOption)
    .addHelpText(
      "after",
      "\nExample:\n  shadowfold save recordings/linux-vfio-edu.jsonl.gz edu.unit --at 5000",
    )
    .action((file: string, out: string, options: Options) => save(run, file, out, options));
}
