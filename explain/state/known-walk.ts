import type { GuestSetup } from "../../events/setup.ts";
import { entryBytes } from "../../hypervisor/translate/path-table.ts";
import type { Translation } from "../../hypervisor/translate/three-answers.ts";

/** How far a walk is known, in a world that was made of a dump. */
export interface Knowledge {
  /** Index of the first step whose entry nobody knows; `undefined` where all are known. */
  readonly unknownAt: number | undefined;
  /** Indices of the steps before that of whose entry some was chosen. */
  readonly assumed: readonly number[];
}

type Known = NonNullable<GuestSetup["known"]>;

/** The ranges that have a byte of these; all of them together where none is missing. */
function rangesOf(known: Known, first: bigint, bytes: bigint): Known | undefined {
  const end = first + bytes;
  const touched = known.filter((one) => one.gpa < end && first < one.gpa + one.length);
  const covered = touched.reduce((sum, one) => {
    const from = one.gpa > first ? one.gpa : first;
    const to = one.gpa + one.length < end ? one.gpa + one.length : end;
    return sum + (to - from);
  }, 0n);
  return covered === bytes ? touched : undefined;
}

/**
 * How far a walk is known.
 *
 * @param known  ranges of memory whose contents are told, none of which overlap; all is known when
 *               missing.
 */
export function knowledgeOf({ steps, scalable }: Translation, known: Known | undefined): Knowledge {
  if (known === undefined) return { unknownAt: undefined, assumed: [] };
  const assumed: number[] = [];
  for (const [index, { table, address }] of steps.entries()) {
    const ranges = rangesOf(known, address, BigInt(entryBytes(table, scalable)));
    if (ranges === undefined) return { unknownAt: index, assumed };
    if (ranges.some((one) => one.assumed)) assumed.push(index);
  }
  return { unknownAt: undefined, assumed };
}
