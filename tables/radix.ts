/**
 * A persistent map from page numbers to values of any kind: nodes of 16 ways, as high as the
 * largest page number needs. A write copies one node a level; what did not change is shared.
 */
export interface Radix<T> {
  /** Bits of page number below the root's slots. */
  readonly shift: number;
  readonly root: readonly unknown[];
  readonly size: number;
  /** What the map holds; never set. */
  readonly of?: T;
}

const ways = 16;
const empty: readonly unknown[] = new Array<unknown>(ways).fill(undefined);

export const emptyRadix = <T>(): Radix<T> => ({ shift: 0, root: empty, size: 0 });

const powers: readonly number[] = Array.from({ length: 64 }, (_, bits) => 2 ** bits);

/** The value at `page`, or `undefined`. */
export function radixGet<T>(radix: Radix<T>, page: number): T | undefined {
  let shift = radix.shift;
  if (page >= (powers[shift + 4] as number)) return undefined;
  let node: readonly unknown[] = radix.root;
  if (page < 0x40000000 && shift < 32) {
    while (shift > 0) {
      const next = node[(page >>> shift) & 15];
      if (next === undefined) return undefined;
      node = next as readonly unknown[];
      shift -= 4;
    }
    return node[page & 15] as T | undefined;
  }
  let rest = page;
  while (shift > 0) {
    const index = Math.floor(rest / (powers[shift] as number));
    rest -= index * (powers[shift] as number);
    const next = node[index];
    if (next === undefined) return undefined;
    node = next as readonly unknown[];
    shift -= 4;
  }
  return node[rest] as T | undefined;
}

function put(
  node: readonly unknown[],
  shift: number,
  page: number,
  value: unknown,
): readonly unknown[] {
  const small = page < 0x40000000 && shift < 32;
  const index = small ? (page >>> shift) & 15 : digit(page, shift);
  const copy = node.slice();
  copy[index] =
    shift === 0 ? value : put((node[index] as readonly unknown[]) ?? empty, shift - 4, page, value);
  return copy;
}

/** The four bits of a large page number above `shift`. */
const digit = (page: number, shift: number): number =>
  Math.floor(page / (powers[shift] as number)) % ways;

/** The map with `value` at `page`; `undefined` takes the page out. */
export function radixSet<T>(radix: Radix<T>, page: number, value: T | undefined): Radix<T> {
  const old = radixGet(radix, page);
  if (old === value) return radix;
  let { shift, root } = radix;
  while (page >= (powers[shift + 4] as number)) {
    const above = empty.slice();
    if (radix.size > 0) above[0] = root;
    root = above;
    shift += 4;
  }
  const grown = value === undefined ? -1 : old === undefined ? 1 : 0;
  return { shift, root: put(root, shift, page, value), size: radix.size + grown };
}

/** Visits every value with its page number from `first` up to `end` (not included), in order. */
export function radixForEach<T>(
  radix: Radix<T>,
  first: number,
  end: number,
  visit: (page: number, value: T) => void,
): void {
  if (radix.size === 0) return;
  if (radix.shift === 0) {
    const { root } = radix;
    for (let page = first < 0 ? 0 : first; page < ways && page < end; page++) {
      if (root[page] !== undefined) visit(page, root[page] as T);
    }
    return;
  }
  const walk = (node: readonly unknown[], shift: number, base: number): void => {
    const span = powers[shift] as number;
    for (let index = 0; index < ways; index++) {
      const at = base + index * span;
      const item = node[index];
      if (item === undefined || at >= end || at + span <= first) continue;
      if (shift === 0) visit(at, item as T);
      else walk(item as readonly unknown[], shift - 4, at);
    }
  };
  walk(radix.root, radix.shift, 0);
}

/** The first value of the `count` pages from `first` on. */
export function radixFirst<T>(radix: Radix<T>, first: number, count: number): T | undefined {
  const end = first + count;
  const walk = (node: readonly unknown[], shift: number, base: number): unknown => {
    const span = powers[shift] as number;
    for (let index = 0; index < ways; index++) {
      const at = base + index * span;
      const item = node[index];
      if (item === undefined || at >= end || at + span <= first) continue;
      const found = shift === 0 ? item : walk(item as readonly unknown[], shift - 4, at);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return walk(radix.root, radix.shift, 0) as T | undefined;
}

/** The map with every value changed. */
export function radixMap<A, B>(radix: Radix<A>, change: (value: A) => B): Radix<B> {
  let next = emptyRadix<B>();
  radixForEach(radix, 0, Number.MAX_SAFE_INTEGER, (page, value) => {
    next = radixSet(next, page, change(value));
  });
  return next;
}
