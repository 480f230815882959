/** What a unit says that it can do. */
interface Words {
  readonly cap: bigint;
  readonly ecap: bigint;
}

/** Masks that follow from the words of a unit, made once for each. */
const masks = new WeakMap<Words, { cap: bigint; ecap: bigint; known: Map<string, bigint> }>();

/** The mask of a name that the words of a unit lead to. */
export function onceFor(unit: Words, name: string, make: () => bigint): bigint {
  const { cap, ecap } = unit;
  let of = masks.get(unit);
  if (of === undefined || of.cap !== cap || of.ecap !== ecap) {
    of = { cap, ecap, known: new Map() };
    masks.set(unit, of);
  }
  const known = of.known.get(name);
  if (known !== undefined) return known;
  const mask = make();
  of.known.set(name, mask);
  return mask;
}
