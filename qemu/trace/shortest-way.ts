/** Differences after which nothing is to be gained from going on. */
const limit = 1000;

/** One step of the shortest way from one sequence to the other. */
export interface Move {
  readonly only: 1 | 2;
  readonly a: number;
  readonly b: number;
}

/**
 * The fewest entries to leave out of two sequences so that they are the same (the algorithm of
 * Myers); `undefined` when they are more than the limit.
 */
export function shortestWay<Entry>(
  a: readonly Entry[],
  b: readonly Entry[],
  sameAs: (one: Entry, other: Entry) => boolean,
): readonly Move[] | undefined {
  const reached: Int32Array[] = [];
  const middle = limit + 1;
  const furthest = new Int32Array(2 * middle + 1);
  const follow = (start: number, diagonal: number): number => {
    let x = start;
    for (; x < a.length && x - diagonal < b.length; x++) {
      const [left, right] = [a[x], b[x - diagonal]];
      if (left === undefined || right === undefined || !sameAs(left, right)) break;
    }
    return x;
  };
  const isDown = (from: Int32Array, diagonal: number, steps: number): boolean =>
    diagonal === -steps ||
    (diagonal !== steps && (from[middle + diagonal - 1] ?? 0) < (from[middle + diagonal + 1] ?? 0));
  for (let steps = 0; steps <= limit; steps++) {
    reached.push(furthest.slice());
    for (let diagonal = -steps; diagonal <= steps; diagonal += 2) {
      const down = isDown(furthest, diagonal, steps);
      const beside = furthest[middle + diagonal + (down ? 1 : -1)] ?? 0;
      const x = follow(steps === 0 ? 0 : down ? beside : beside + 1, diagonal);
      furthest[middle + diagonal] = x;
      if (x >= a.length && x - diagonal >= b.length) return wayBack(reached, a.length, b.length);
    }
  }
  return undefined;

  function wayBack(from: readonly Int32Array[], endA: number, endB: number): readonly Move[] {
    const way: Move[] = [];
    let diagonal = endA - endB;
    for (let steps = from.length - 1; steps > 0; steps--) {
      const before = from[steps] ?? new Int32Array();
      const down = isDown(before, diagonal, steps);
      diagonal += down ? 1 : -1;
      const x = before[middle + diagonal] ?? 0;
      way.push({ only: down ? 2 : 1, a: x, b: x - diagonal });
    }
    return way.reverse();
  }
}
