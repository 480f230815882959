import { hex } from "../../events/address.ts";
import { PasidEntry, pasidTypes } from "../../events/context/pasid-entry.ts";
import type { InputOf } from "../../events/input.ts";
import { isScalable } from "../../projections/context/context-path.ts";
import type { Situation } from "../../target/deviation.ts";
import { pageText } from "../../target/dma-text.ts";
import { usesOf } from "../../target/past.ts";
import { requesterIn } from "./dma-situation.ts";
import { readTables } from "./scalable-tables.ts";
import { walkTables } from "./scalable-walk.ts";

/** What QEMU does with a request in scalable mode, by the facts known of it. */
export interface InQemu {
  /** Deviations that take part. */
  readonly met: ReadonlySet<string>;
  /** Whether the target did that. */
  readonly isDone: boolean;
  /** Whether it passes the request through. */
  readonly passes?: boolean;
}

const faultText = (reason: number, fpd: boolean): string =>
  fpd ? "blocked" : `fault ${hex(reason)}`;

const nothing: InQemu = { met: new Set(), isDone: false };

/** What QEMU does with the DMA of a situation, and whether the target did that. */
export function doneByQemu(situation: Situation): InQemu {
  const { what, input, before } = situation;
  if (what !== "dma" || input.type !== "Dma" || !isScalable(before)) return nothing;
  if (before.charts.translation !== "enabled") return nothing;
  return doneWith(situation, input);
}

function doneWith(situation: Situation, input: InputOf<"Dma">): InQemu {
  const { before, past, target, reached } = situation;
  const source = requesterIn(before, input.device);
  const { passing, entries, lately } = past.contexts;
  const isPassed = reached === undefined && target === pageText(input.iova);
  if (passing.has(source) || (lately.has(source) && isPassed)) {
    return { met: new Set(["pass-through-kept"]), isDone: isPassed, passes: true };
  }
  const remembered = entries.get(source);
  const done = readAs(situation, input, remembered);
  // Whoever may have been passed through since the context was read may have left it unread.
  if (done.isDone || remembered === undefined || !lately.has(source)) return done;
  const anew = readAs(situation, input, undefined);
  return anew.isDone ? anew : done;
}

/** The same by the tables, with the context entry that QEMU remembers, or the one in memory. */
function readAs(
  { before, past, target, reached }: Situation,
  { device, iova, access = "read" }: InputOf<"Dma">,
  remembered: bigint | undefined,
): InQemu {
  const source = requesterIn(before, device);
  const { met, fault, entry, fpd, isValid } = readTables(before, source, remembered);
  if (fault !== undefined) {
    return { met, isDone: target === faultText(fault.reason, fault.fpd) };
  }
  // What a device has, or what it has instead of an entry that it did not read, may be anything.
  if (entry === undefined) return { met, isDone: true };
  const passes = isValid && PasidEntry.decode(entry).pgtt === pasidTypes.passThrough;
  if (passes) return { met, isDone: target === pageText(iova), passes };
  const uses = reached === undefined ? [] : usesOf(past, source, iova, reached);
  if (uses.some(({ allows }) => allows[access])) return { met, isDone: true };
  const walked = walkTables(before, met, entry, iova, access);
  if (walked === "unknown") return { met, isDone: true };
  const text = "reason" in walked ? faultText(walked.reason, fpd) : pageText(walked.reached);
  return { met, isDone: target === text };
}
