import { modelVersion } from "../../events/log/log-version.ts";
import { stateHash } from "../../projections/digest.ts";
import type { World } from "../../projections/world.ts";
import { lineEntry, sealEntry, stateEntry } from "../../seal/entry.ts";
import type { Difference } from "../facts-comparison.ts";
import { startComparison } from "../facts-comparison.ts";
import { foldSource } from "../folding.ts";
import { InputError } from "../input-error.ts";
import type { LineBatch } from "../lines.ts";
import type { OpenedLines } from "../opened-lines.ts";
import { openSource } from "../read.ts";
import type { Terminal } from "../terminal.ts";

/** Where an entry of a sealed log comes from. */
export type Place =
  | { readonly kind: "seal" }
  /** The state after event `seq`. */
  | { readonly kind: "state"; readonly seq: number }
  /** A line of the log, from 1. */
  | { readonly kind: "line"; readonly line: number };

export type TakeEntry = (entry: Uint8Array, place: Place) => void;

/** What a log was found to be while its entries were made. */
export interface MadeEntries {
  readonly inputs: number;
  readonly facts: number;
  readonly lastEvent: number;
  /** The first fact that does not follow from the inputs. */
  readonly difference: Difference | undefined;
}

/** The lines of a file that are read and not yet entries. */
interface Waiting {
  readonly lines: string[];
  /** The number of the first of them. */
  first: number;
}

/** The same lines, each kept in `waiting` when it is read. */
function kept(opened: OpenedLines, waiting: Waiting): OpenedLines {
  waiting.lines.push(...opened.head.lines);
  async function* rest(): AsyncGenerator<LineBatch, void> {
    for await (const batch of opened.rest) {
      for (const line of batch.lines) waiting.lines.push(line);
      yield batch;
    }
  }
  return { ...opened, rest: rest() };
}

/** Hands the first `count` lines on. */
function takeLines(waiting: Waiting, count: number, take: TakeEntry): void {
  const lines = waiting.lines.splice(0, count);
  for (const [index, line] of lines.entries()) {
    take(lineEntry(line), { kind: "line", line: waiting.first + index });
  }
  waiting.first += lines.length;
}

/**
 * Makes the entries of a log, in order: one for the seal, one a line, and one for a state after
 * every `every` events, before the next input, and before the line that ends the log.
 *
 * @throws InputError when the file is no log or cannot be read to its end.
 */
export async function makeEntries(
  file: string,
  terminal: Terminal,
  every: number,
  take: TakeEntry,
): Promise<MadeEntries> {
  const waiting: Waiting = { lines: [], first: 1 };
  const source = await openSource(file, (opened) => kept(opened, waiting));
  if (source.kind === "recording") {
    await source.close();
    throw new InputError(`${file}: is a recording; convert it to a log first`);
  }
  let last = -1;
  const takeState = (world: World): void => {
    last = world.seq;
    take(stateEntry(world.seq, stateHash(world)), { kind: "state", seq: world.seq });
  };
  take(sealEntry(modelVersion, every), { kind: "seal" });
  const comparison = startComparison();
  const { inputs, failure, world } = await foldSource(source, terminal, {
    recorded: comparison.recorded,
    step: (step, line) => {
      comparison.step(step, line);
      takeLines(waiting, line - waiting.first, take);
      const { seq } = step.before;
      if (Math.floor(seq / every) > Math.floor(Math.max(last, 0) / every)) takeState(step.before);
    },
  });
  if (failure !== undefined) throw failure;
  // What may still grow has no state at its end: it would stand in the middle later.
  takeLines(waiting, waiting.lines.length - (source.hasEnded() ? 1 : 0), take);
  if (source.hasEnded() && last !== world.seq) takeState(world);
  takeLines(waiting, waiting.lines.length, take);
  // What may still grow may lack facts of its last input.
  const difference = comparison.finish(!source.hasEnded());
  return { inputs, facts: comparison.recordedFacts(), lastEvent: world.seq, difference };
}
