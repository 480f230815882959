import type { Radix } from "./radix.ts";
import { radixForEach, radixGet } from "./radix.ts";

type Nodes = readonly unknown[];

/** Visits the pages below two nodes of one height that do not have the very same value. */
function differ(
  from: Nodes,
  to: Nodes,
  shift: number,
  base: number,
  visit: (page: number) => void,
) {
  for (let index = 0; index < from.length; index++) {
    const [before, after] = [from[index], to[index]];
    if (before === after) continue;
    const page = base + index * 2 ** shift;
    if (shift === 0) visit(page);
    else differ((before as Nodes) ?? nothing, (after as Nodes) ?? nothing, shift - 4, page, visit);
  }
}

const nothing: Nodes = new Array<unknown>(16).fill(undefined);

/**
 * Visits the pages for which two maps do not have the very same value, in order. What they share is
 * passed over, if they are as high as each other: it costs what differs.
 */
export function radixDifference<T>(
  from: Radix<T>,
  to: Radix<T>,
  visit: (page: number) => void,
): void {
  if (from.root === to.root) return;
  if (from.shift === to.shift) {
    differ(from.root, to.root, from.shift, 0, visit);
    return;
  }
  const pages = new Set<number>();
  const note = (page: number): void => void pages.add(page);
  radixForEach(from, 0, Number.MAX_SAFE_INTEGER, note);
  radixForEach(to, 0, Number.MAX_SAFE_INTEGER, note);
  for (const page of [...pages].sort((a, b) => a - b)) {
    if (radixGet(from, page) !== radixGet(to, page)) visit(page);
  }
}
