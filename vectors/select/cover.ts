/** A thing that can be chosen, and all that it is good for. */
export interface Choice<One> {
  readonly one: One;
  readonly covers: ReadonlySet<string>;
  /** How much it costs: of two that are as good the cheaper is taken. */
  readonly cost: number;
}

/**
 * As few of some things as cover all that they cover together: the one that adds most is taken each
 * time; in the end those that others have made needless go.
 */
export function cover<One>(choices: readonly Choice<One>[]): readonly Choice<One>[] {
  const left = new Set(choices.flatMap(({ covers }) => [...covers]));
  const taken: Choice<One>[] = [];
  const gain = ({ covers }: Choice<One>): number =>
    [...covers].filter((each) => left.has(each)).length;
  while (left.size > 0) {
    const [best] = choices.toSorted(
      (one, other) => gain(other) - gain(one) || one.cost - other.cost,
    );
    if (best === undefined || gain(best) === 0) break;
    taken.push(best);
    for (const each of best.covers) left.delete(each);
  }
  return taken.filter(
    (each) =>
      ![...each.covers].every((covered) =>
        taken.some((other) => other !== each && other.covers.has(covered)),
      ) || isFirstOfEqual(taken, each),
  );
}

/** Whether leaving a thing out would leave something uncovered once the later ones are out too. */
function isFirstOfEqual<One>(taken: readonly Choice<One>[], each: Choice<One>): boolean {
  const later = taken.slice(taken.indexOf(each) + 1);
  return later.some((other) => [...other.covers].every((covered) => each.covers.has(covered)));
}
