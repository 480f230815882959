/** What a small world calls things: pairs of names that take each other's place. */
export interface Renaming {
  readonly source: ReadonlyMap<number, number>;
  readonly did: ReadonlyMap<number, number>;
  /** Guest pages, host frames, and pages of IOVA, by their numbers. */
  readonly gfn: ReadonlyMap<number, number>;
  readonly hfn: ReadonlyMap<number, number>;
  readonly iova: ReadonlyMap<number, number>;
}

/** Things of one kind that are like each other, by their names: each list has one name a thing. */
export interface Kind {
  readonly source?: readonly number[];
  readonly did?: readonly number[];
  readonly gfn?: readonly (readonly number[])[];
  readonly hfn?: readonly (readonly number[])[];
  readonly iova?: readonly number[];
}

export const noRenaming: Renaming = {
  source: new Map(),
  did: new Map(),
  gfn: new Map(),
  hfn: new Map(),
  iova: new Map(),
};

function* orders(count: number): Generator<readonly number[]> {
  if (count === 0) yield [];
  else {
    for (const rest of orders(count - 1)) {
      for (let at = rest.length; at >= 0; at--) yield rest.toSpliced(at, 0, count - 1);
    }
  }
}

/** A renaming of names of one sort, and after it one of those in a list. */
function moved(
  known: ReadonlyMap<number, number>,
  names: readonly number[],
  order: readonly number[],
): ReadonlyMap<number, number> {
  const next = new Map(names.map((name, index) => [name, names[order[index] ?? 0] ?? name]));
  const all = new Set([...known.keys(), ...names]);
  return new Map(
    [...all].map((name) => {
      const now = known.get(name) ?? name;
      return [name, next.get(now) ?? now];
    }),
  );
}

function withOrder(renaming: Renaming, kind: Kind, order: readonly number[]): Renaming {
  const { source = [], did = [], gfn = [], hfn = [], iova = [] } = kind;
  return {
    source: moved(renaming.source, source, order),
    did: moved(renaming.did, did, order),
    gfn: gfn.reduce((known, names) => moved(known, names, order), renaming.gfn),
    hfn: hfn.reduce((known, names) => moved(known, names, order), renaming.hfn),
    iova: moved(renaming.iova, iova, order),
  };
}

const sizeOf = ({ source, did, gfn, hfn, iova }: Kind): number =>
  (source ?? did ?? iova ?? gfn?.[0] ?? hfn?.[0] ?? []).length;

/**
 * Every way to rename the things of some kinds among themselves, the one that changes nothing
 * first: a group, so that what is smallest among the renamed forms of a state is the same for all
 * of them.
 */
export function renamingsOf(kinds: readonly Kind[]): readonly Renaming[] {
  let all: readonly Renaming[] = [noRenaming];
  for (const kind of kinds) {
    all = all.flatMap((one) =>
      [...orders(sizeOf(kind))].map((order) => withOrder(one, kind, order)),
    );
  }
  return all;
}
