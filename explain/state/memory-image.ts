import type { Gpa } from "../../events/address.ts";
import { gpa } from "../../events/address.ts";
import type { Input } from "../../events/input.ts";

/** A word of memory, and whether the dump has it or somebody chose it. */
interface Word {
  readonly value: bigint;
  readonly isAssumed: boolean;
}

/** Memory of which some words are known. */
export interface MemoryImage {
  /** Puts 64-bit words at an address, a multiple of 8. */
  readonly put: (address: bigint, words: readonly bigint[], isAssumed?: boolean) => void;
  /** The writes that make it, each of one page at most. */
  readonly writes: () => readonly Input[];
  /** The ranges that are known, in rising order. */
  readonly known: () => readonly KnownRange[];
}

export interface KnownRange {
  readonly gpa: Gpa;
  readonly length: bigint;
  readonly assumed?: true;
}

const pageBytes = 4096n;

/** Runs of words that lie one behind the other, as far as `joins` lets them. */
function runsOf(
  words: ReadonlyMap<bigint, Word>,
  joins: (before: Word, after: Word, address: bigint) => boolean,
): readonly { readonly first: bigint; readonly words: readonly Word[] }[] {
  const runs: { first: bigint; words: Word[] }[] = [];
  const sorted = [...words].toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  for (const [address, word] of sorted) {
    const run = runs.at(-1);
    const before = run?.words.at(-1);
    const isNext = run !== undefined && run.first + 8n * BigInt(run.words.length) === address;
    if (isNext && before !== undefined && joins(before, word, address)) run.words.push(word);
    else runs.push({ first: address, words: [word] });
  }
  return runs;
}

function bytesOf(words: readonly Word[]): Uint8Array {
  const bytes = new Uint8Array(8 * words.length);
  const view = new DataView(bytes.buffer);
  for (const [index, { value }] of words.entries()) view.setBigUint64(8 * index, value, true);
  return bytes;
}

/** Memory of which nothing is known. */
export function emptyImage(): MemoryImage {
  const words = new Map<bigint, Word>();
  return {
    put: (address, values, isAssumed = false) => {
      for (const [index, value] of values.entries()) {
        const at = address + 8n * BigInt(index);
        // What the dump shows counts, whatever was chosen before or is later.
        if (isAssumed && words.has(at)) continue;
        words.set(at, { value: BigInt.asUintN(64, value), isAssumed });
      }
    },
    writes: () =>
      runsOf(words, (_before, _after, address) => address % pageBytes !== 0n).map(
        ({ first, words: run }): Input => ({
          type: "MemoryWrite",
          gpa: gpa(first),
          bytes: bytesOf(run),
          flushed: true,
        }),
      ),
    known: () =>
      runsOf(words, (before, after) => before.isAssumed === after.isAssumed).map(
        ({ first, words: run }): KnownRange => ({
          gpa: gpa(first),
          length: 8n * BigInt(run.length),
          ...(run[0]?.isAssumed ? { assumed: true as const } : {}),
        }),
      ),
  };
}
