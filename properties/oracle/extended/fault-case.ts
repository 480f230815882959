import type { Spoil } from "./example-extended.ts";
import { entries, places, putAt } from "./example-extended.ts";
import type { Request } from "./outcome.ts";

/** What makes a request that led somewhere end with a reason. */
export interface FaultCase {
  readonly name: string;
  readonly spoil: Spoil;
  readonly reason: number;
  readonly request: Partial<Request>;
  /** The context entry to begin with. */
  readonly words: readonly bigint[];
}

/** The request alone is what is wrong. */
export const none: Spoil = () => {};

const pasid = 0x42;
/** The bit of a pointer that is beyond the width. */
export const far = 1n << 40n;
/** A pointer beyond memory and not beyond the width. */
export const nowhere = 0x20_0000n;

type Row = readonly [name: string, spoil: Spoil, request?: Partial<Request>];

/** Cases of one reason, with the request and the context entry that most of them have. */
export const cases = (
  reason: number,
  rows: readonly Row[],
  asked: Partial<Request> = { pasid },
  words: readonly bigint[] = entries.plain,
): readonly FaultCase[] =>
  rows.map(([name, spoil, request = asked]) => ({ name, spoil, reason, request, words }));

/** Puts the context entry with some of its words changed. */
export const context = (...changes: readonly (bigint | undefined)[]): Spoil =>
  putAt(places.context, ...entries.plain.map((word, index) => changes[index] ?? word));

/** One after the other. */
export const both = (...all: readonly Spoil[]): Spoil => {
  return (bytes) => {
    for (const one of all) one(bytes);
  };
};

/** The second level alone, for a request without PASID. */
export const page5 = { address: 0x5123n };
export const writes = { pasid, access: "write" } as const;
export const fetches = { pasid, execute: true } as const;
export const supervises = { pasid, privileged: true } as const;
