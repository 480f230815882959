/**
 * Pairs of objects that were found equal: a value on the left with its equal on the right, or with
 * all of them where it has several.
 */
export type KnownPairs = Map<object, object>;

const arePair = (known: KnownPairs, a: object, b: object): boolean => {
  const found = known.get(a);
  return found === b || (found instanceof WeakSet && found.has(b));
};

function pair(known: KnownPairs, a: object, b: object): void {
  const found = known.get(a);
  if (found === undefined) known.set(a, b);
  else if (found instanceof WeakSet) found.add(b);
  else known.set(a, new WeakSet([found, b]));
}

const isBytes = (value: object): value is Uint8Array => value instanceof Uint8Array;

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}

function sameLists(a: readonly unknown[], b: readonly unknown[], known: KnownPairs): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) {
    if (!sameValue(a[index], b[index], known)) return false;
  }
  return true;
}

type Fields = Readonly<Record<string, unknown>>;

function sameFields(a: Fields, b: Fields, known: KnownPairs): boolean {
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  for (const key of keys) {
    const one = a[key];
    if (one === undefined && !Object.hasOwn(b, key)) return false;
    if (!sameValue(one, b[key], known)) return false;
  }
  return true;
}

function sameObjects(a: object, b: object, known: KnownPairs): boolean {
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (Array.isArray(a)) return Array.isArray(b) && sameLists(a, b, known);
  if (isBytes(a)) return isBytes(b) && sameBytes(a, b);
  if (a instanceof Set) {
    return b instanceof Set && sameLists([...a], [...b], known);
  }
  return sameFields(a as Fields, b as Fields, known);
}

/**
 * Whether two values of the model are the same, part by part: numbers, words, texts, lists, bytes
 * and records. Parts that were found equal before are not looked at again, so that versions of one
 * state, one after the other, cost what changed between them.
 *
 * @param known  filled as parts are found equal; one for each comparison of two histories.
 */
export function sameValue(a: unknown, b: unknown, known: KnownPairs = new Map()): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (arePair(known, a, b)) return true;
  if (!sameObjects(a, b, known)) return false;
  pair(known, a, b);
  return true;
}
