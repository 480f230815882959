import type { Digest, Sums } from "./digest.ts";
import type { Names } from "./names.ts";

/** The sums of some records under every renaming: three numbers for each. */
export type Renamed = readonly number[];

/** Tells the records of something under one renaming, which has a number. */
export type Tell = (to: Digest, names: Names, index: number) => void;

/** What is known of parts of worlds, as long as anybody else knows the part. */
export interface Memo {
  /** The sums of a part, told where they are not known. */
  readonly of: (part: object, tell: Tell) => Renamed;
}

/** Tells the records of something under each renaming. */
export function renamed(to: Digest, all: readonly Names[], tell: Tell): Renamed {
  const sums: number[] = [];
  for (let index = 0; index < all.length; index++) {
    tell(to, all[index] as Names, index);
    const [a, b, c] = to.take();
    sums.push(a, b, c);
  }
  return sums;
}

/** What is known of objects, lately at least. */
export interface Recent<Value> {
  readonly get: (key: object) => Value | undefined;
  readonly set: (key: object, value: Value) => void;
}

/** Objects that are known before those that were not asked for are forgotten. */
const mostRecent = 20_000;

/**
 * What is known of the objects that were asked for last. A weak map would know all that anybody
 * else knows, and costs the collector of garbage several times as much.
 */
export function newRecent<Value>(most = mostRecent): Recent<Value> {
  let young = new Map<object, Value>();
  let old = new Map<object, Value>();
  const set = (key: object, value: Value): void => {
    if (young.size >= most) [old, young] = [young, new Map()];
    young.set(key, value);
  };
  return {
    get: (key) => {
      const found = young.get(key);
      if (found !== undefined) return found;
      const older = old.get(key);
      if (older !== undefined) set(key, older);
      return older;
    },
    set,
  };
}

/** Parts that are the same object have the same sums: worlds never change. */
export function newMemo(to: Digest, all: readonly Names[]): Memo {
  const known = newRecent<Renamed>();
  return {
    of: (part, tell) => {
      const found = known.get(part);
      if (found !== undefined) return found;
      const made = renamed(to, all, tell);
      known.set(part, made);
      return made;
    },
  };
}

/** Sums of a part as fields of a record. */
export function sumFields(to: Digest, part: Renamed, index: number): void {
  for (let at = index * 3; at < index * 3 + 3; at++) to.field(part[at] as number);
}

/** Adds the sums of a part to those of a whole. */
export function addTo(whole: Sums, part: Renamed): void {
  for (let at = 0; at < whole.length; at++) {
    whole[at] = ((whole[at] as number) + (part[at] as number)) >>> 0;
  }
}

/** A whole without anything in it. */
export const noSums = (count: number): Sums => new Array<number>(count * 3).fill(0);
