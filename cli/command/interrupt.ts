import type { Command } from "commander";
import {
  entryWriter,
  followEntryWriters,
  isFlush,
  startEntryWriters,
} from "../../history/entry-writers.ts";
import type { InterruptTrail, Noted } from "../../history/interrupt-trail.ts";
import { followInterruptTrail, startInterruptTrail } from "../../history/interrupt-trail.ts";
import type { Step } from "../../history/step.ts";
import { followLateWrites, lateWriter, noLateWrites, unseenAt } from "../../history/unseen.ts";
import type { Guest } from "../../projections/guest.ts";
import { interruptEntryAddress } from "../../projections/interrupt/interrupt-entry.ts";
import { parseIndex } from "../argument.ts";
import { foldFile } from "../folding.ts";
import { InputError } from "../input-error.ts";
import { interruptJson, renderInterrupt } from "../render/interrupt.ts";
import { renderJson } from "../render/json.ts";
import type { Run } from "../run.ts";
import { atOption, checkGuest, guestOption } from "./lookup.ts";

interface Options {
  readonly index: number;
  readonly at?: number;
  readonly guest: number;
  readonly json?: true;
}

/**
 * A trail that has the entry's last change before the table was set, where there was none since.
 * What changed where another table was, or where none is, changed no entry of this one.
 */
function writtenEarly(guest: Guest, trail: InterruptTrail, early: Noted | undefined) {
  const { latched, written, announced, invalidated } = trail;
  const set = latched?.seq ?? 0;
  if (guest.interruptTable.count === 0) return { ...trail, written: undefined };
  if (written !== undefined && written.seq > set) return trail;
  if (early === undefined) return { ...trail, written: undefined };
  const known = [announced, invalidated].find((one) => one !== undefined && one.seq > early.seq);
  return { ...trail, written: early, announced: known };
}

async function show(run: Run, file: string, options: Options): Promise<void> {
  const { terminal } = run;
  const { index, at } = options;
  let trail = startInterruptTrail(options.guest, index);
  let writers = startEntryWriters(options.guest, index);
  let late = noLateWrites(options.guest);
  const step = (one: Step): void => {
    late = followLateWrites(late, one);
    writers = followEntryWriters(writers, one);
    trail = followInterruptTrail(trail, one);
  };
  const { world, failure } = await foldFile(file, terminal, { step }, at);
  checkGuest(file, world.guests.length, options.guest);
  const guest = world.guests[options.guest];
  if (guest === undefined) throw new InputError(`${file}: there is no such guest`);
  const address = interruptEntryAddress(guest.interruptTable, index);
  const known = writtenEarly(guest, trail, entryWriter(writers, address));
  const isThere = index < guest.interruptTable.count;
  const unseen = isThere ? unseenAt(late, guest, address, 2) : undefined;
  const wasLate = unseen === undefined && known.written !== undefined;
  const wrote = wasLate && isFlush(known.written.event) ? lateWriter(late, address) : undefined;
  const plot = { at: world.seq, guest, trail: known, unseen, wrote };
  terminal.out(options.json ? renderJson(interruptJson(plot)) : renderInterrupt(terminal, plot));
  if (failure !== undefined) run.fail(failure);
}

/** Adds `interrupt FILE`. */
export function addInterrupt(program: Command, run: Run): void {
  program
    .command("interrupt")
    .summary("explain one entry of the interrupt remapping table")
    .description(
      "Tells what an interrupt entry says, what the unit remembers of it, who wrote it, which " +
        "invalidation announced it, what it does, and what became of the last request through it.",
    )
    .argument("<file>", "log or recording, gzipped or not; - is standard input")
    .requiredOption("--index <number>", "index of the entry, like 17 or 0x11", parseIndex)
    .addOption(atOption("the entry after this event; the end when missing"))
    .addOption(guestOption())
    .option("--json", "print one object")
    .addHelpText(
      "after",
      "\nExample:\n  shadowfold interrupt recordings/linux-legacy-nvme.jsonl.gz --index 17",
    )
    .action((file: string, options: Options) => show(run, file, options));
}
