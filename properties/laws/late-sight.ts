import type { Step } from "../../history/step.ts";
import { iommuReads64 } from "../oracle/memory.ts";
import type { Oracle, World } from "../oracle/oracle.ts";
import { flushing } from "../oracle/write-buffer.ts";
import { guestIndex } from "./run.ts";

/** Where a word that a CPU wrote waits before the unit sees it; nothing: nowhere. */
type Waits = "cache" | "buffer" | undefined;

/** One word of memory as the oracle has it after a step that wrote it or let it be seen. */
export interface LateWord {
  readonly step: Step;
  readonly guest: number;
  /** A GPA, aligned to 8 bytes. */
  readonly at: bigint;
  readonly written: bigint;
  readonly seen: bigint;
  readonly before: Waits;
  readonly after: Waits;
}

/** Words of one step that are looked at. */
const mostWords = 64;

const wordIn = (page: Uint8Array | undefined, at: bigint): bigint =>
  page === undefined
    ? 0n
    : new DataView(page.buffer, page.byteOffset).getBigUint64(Number(at & 0xfffn), true);

function waits({ memory }: World, at: bigint): Waits {
  const gfn = Number(at >> 12n);
  const seen = wordIn(memory.seen.get(gfn), at);
  const posted = memory.posted.get(gfn);
  const left = posted === undefined ? seen : wordIn(posted.page, at);
  if (left !== seen) return "buffer";
  return wordIn(memory.written.get(gfn), at) === seen ? undefined : "cache";
}

/** The first words that wait, in the order in which they began to. */
function late({ memory }: World): readonly bigint[] {
  const found: bigint[] = [];
  for (const [gfn, words] of memory.late) {
    for (const offset of words.keys()) found.push((BigInt(gfn) << 12n) | BigInt(offset));
    if (found.length >= mostWords) break;
  }
  return found.slice(0, mostWords);
}

/** The words that a step may let the unit see, or keep from it. */
function touched(world: World, { input, facts }: Step): readonly bigint[] {
  const { coherent, buffered } = world.memory;
  if (coherent && !buffered) return [];
  const isFlush = input.type === "CacheFlush" || facts.some(({ type }) => flushing.has(type));
  if (isFlush) return late(world);
  if (input.type !== "MemoryWrite") return [];
  const first = input.gpa & ~7n;
  const count = Math.ceil((Number(input.gpa - first) + input.bytes.length) / 8);
  return Array.from(
    { length: Math.min(count, mostWords) },
    (_, index) => first + BigInt(8 * index),
  );
}

/**
 * Lets the oracle see a step, and says of the words that it is about how they were before and are
 * afterwards. Where nothing can wait, none.
 */
export function seeLate(oracle: Oracle, step: Step, see: () => boolean): [boolean, LateWord[]] {
  const guest = guestIndex(step.input);
  const world = oracle.worlds[guest];
  const words = world === undefined ? [] : touched(world, step);
  const before = words.map((at) => world && waits(world, at));
  const done = see();
  if (world === undefined) return [done, []];
  const { memory } = world;
  const found = words.map((at, index) => ({
    ...{ step, guest, at, before: before[index], after: waits(world, at) },
    written: wordIn(memory.written.get(Number(at >> 12n)), at),
    seen: wordIn(memory.seen.get(Number(at >> 12n)), at),
  }));
  return [done, found.filter(({ at }) => iommuReads64(memory, at) !== undefined)];
}
