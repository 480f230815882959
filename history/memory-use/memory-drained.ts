import type { Gpa } from "../../events/address.ts";
import { gpa } from "../../events/address.ts";
import { radixForEach } from "../../tables/radix.ts";
import { longestWrite } from "../columns/event-column.ts";
import { isFlush } from "../entry-writers.ts";
import type { Step } from "../step.ts";
import { worldWithin } from "../step.ts";

/** Bytes of guest memory that hold all pages that a flush of the write buffer made visible. */
export interface MemoryDrained {
  readonly gpa: Gpa;
  /** A multiple of 4096, but at most `longestWrite`, which means that or more. */
  readonly length: number;
}

/**
 * What a fact of a step, by its number, made the unit see of what waited in the write buffer: from
 * the first page that did to the last.
 *
 * @returns `undefined` where nothing waited, and of every other event.
 */
export function memoryDrained(step: Step, seq: number): MemoryDrained | undefined {
  const fact = step.facts[seq - step.seq - 1];
  if (fact === undefined || !isFlush(fact)) return undefined;
  const memory = worldWithin(step, seq - 1).guests[fact.guest ?? 0]?.memory;
  if (memory === undefined || memory.buffered.size === 0) return undefined;
  let [first, last] = [Number.MAX_SAFE_INTEGER, 0];
  radixForEach(memory.buffered, 0, Number.MAX_SAFE_INTEGER, (gfn) => {
    first = Math.min(first, gfn);
    last = Math.max(last, gfn);
  });
  const length = Math.min((last - first + 1) * 4096, longestWrite);
  return { gpa: gpa(BigInt(first) << 12n), length };
}
