import type { Command } from "commander";
import { hex } from "../../events/address.ts";
import { summarise } from "../../history/summary.ts";
import { summaryOfPasid } from "../../history/summary-pasid.ts";
import { stateHash } from "../../projections/digest.ts";
import { parseNumber } from "../argument.ts";
import { foldFile } from "../folding.ts";
import { indexedHistory, momentOf } from "../history-file.ts";
import { renderJson } from "../render/json.ts";
import { openHint } from "../render/open-hint.ts";
import { renderGuest } from "../render/state.ts";
import type { Run } from "../run.ts";
import { atOption, checkGuest, pasidOption } from "./lookup.ts";

interface Options {
  readonly at?: number;
  readonly guest?: number;
  readonly pasid?: number;
  readonly all?: true;
  readonly json?: true;
}

const shownRows = 20;

async function show(run: Run, file: string, options: Options): Promise<void> {
  const { terminal } = run;
  const indexed = await indexedHistory(run, file);
  const { world, failure } =
    indexed === undefined
      ? await foldFile(file, terminal, {}, options.at)
      : momentOf(indexed, file, options.at);
  if (options.guest !== undefined) checkGuest(file, world.guests.length, options.guest);
  const wanted =
    options.guest === undefined ? world.guests.map((_, index) => index) : [options.guest];
  const summaries = wanted.flatMap((index) => {
    const guest = world.guests[index];
    if (guest === undefined) return [];
    const whole = summarise(guest);
    const { pasid } = options;
    return [{ index, summary: pasid === undefined ? whole : summaryOfPasid(whole, pasid) }];
  });
  const hash = stateHash(world);
  if (options.json) {
    const guests = summaries.map(({ index, summary }) => {
      return { guest: index, ...summary.values, ...summary.tables };
    });
    terminal.out(renderJson({ at: world.seq, stateHash: hash, guests }));
  } else {
    const limit = options.all ? Number.POSITIVE_INFINITY : shownRows;
    // A hash of everything says nothing of a part.
    const what = options.pasid === undefined ? hash : `PASID ${hex(options.pasid)}`;
    terminal.out(`state after event ${world.seq.toString()}, ${what}\n\n`);
    const parts = summaries.map((one) => renderGuest(terminal, one.index, one.summary, limit));
    terminal.out(`${parts.join("\n")}${openHint(terminal, file, world.seq)}`);
  }
  if (failure !== undefined) run.fail(failure);
}

/** Adds `state FILE`. */
export function addState(program: Command, run: Run): void {
  program
    .command("state")
    .summary("show everything that is the case after an event")
    .description(
      "Folds a file and shows the state: registers, queue, devices, host entries, faults, " +
        "shadows and what they map, first stages and what is cached of them, changes that are " +
        "not announced, IOTLB, P2M.",
    )
    .argument("<file>", "log or recording, gzipped or not; - is standard input")
    .addOption(atOption("state after this event; the end when missing"))
    .option("--guest <number>", "only this guest, from 0", parseNumber)
    .addOption(pasidOption("only what is known of this PASID"))
    .option("--all", "all rows of every table")
    .option("--json", "print one object, with all rows")
    .addHelpText(
      "after",
      "\nExample:\n  shadowfold state recordings/linux-vfio-edu.jsonl.gz --at 500",
    )
    .action((file: string, options: Options) => show(run, file, options));
}
