import { pageOf } from "../../events/address.ts";
import type { World } from "../../projections/world.ts";
import { radixGet } from "../../tables/radix.ts";
import { nextReader } from "../memory-use/next-reader.ts";
import type { Step } from "../step.ts";
import type { Timeline } from "../timeline/timeline.ts";
import type { Difference } from "./comparison.ts";
import { outcomeOf } from "./dma-outcome.ts";

/** Inputs that say something and change nothing. */
const saying: ReadonlySet<string> = new Set(["Note", "RegisterRead", "UnitQuery", "UnitSave"]);

/** What a request may come to without telling anything of the unit. */
const ordinary: ReadonlySet<string> = new Set(["landed", "answered", "interrupt"]);

/** How many walks are looked at for who reads what was written. */
const mostWalks = 200;

/** How many worlds after a write are asked whether what was written is a table. */
const mostWorlds = 64;

/** The worlds that are at hand after an event, the last one first. */
function* worldsAfter({ checkpoints, end }: Timeline, seq: number): Generator<World, void> {
  yield end;
  let asked = 0;
  for (const { world } of checkpoints.kept) {
    if (world.seq <= seq) continue;
    yield world;
    asked += 1;
    if (asked === mostWorlds) return;
  }
}

/** Whether the unit reads what a step wrote, as far as is looked: by itself, or as a table. */
function isRead(timeline: Timeline, { seq, input }: Step): boolean {
  if (input.type !== "MemoryWrite" || input.bytes.length === 0) return true;
  const { guest = 0, gpa, bytes } = input;
  const [first, last] = [pageOf(gpa), pageOf((gpa + BigInt(bytes.length) - 1n) as typeof gpa)];
  for (const world of worldsAfter(timeline, seq)) {
    const tables = world.guests[guest]?.tables;
    if (tables === undefined) continue;
    for (let page = first; page <= last; page++) {
      if (radixGet(tables, page) !== undefined) return true;
    }
  }
  const place = { guest, gpa, length: bytes.length };
  return nextReader(timeline, place, seq, mostWalks).reader !== undefined;
}

/** Whether an input that one run has alone can change what that run comes to. */
function canMatter(timeline: Timeline, step: Step | undefined): boolean {
  if (step === undefined || saying.has(step.input.type)) return false;
  const outcome = outcomeOf(step);
  if (outcome !== undefined) return !ordinary.has(outcome.outcome);
  return isRead(timeline, step);
}

/**
 * Whether a difference matters: other facts followed from one input; or one run has an input of its
 * own that can change anything. An input that only says something, guest memory that the unit
 * never reads, and a request that went through do not.
 */
export function isMattering(left: Timeline, right: Timeline, difference: Difference): boolean {
  if (difference.kind === "facts") return true;
  return canMatter(left, difference.left) || canMatter(right, difference.right);
}
