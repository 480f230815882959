import { bit, bits } from "../word.ts";
import type { ExtendedContext } from "./context.ts";

/** What a PASID-state entry says: how many times the PASID is in use at devices, and DINV. */
export interface PasidState {
  readonly active: number;
  readonly invalidate: boolean;
}

export const decodeState = (word: bigint): PasidState => ({
  active: bits(word, 47, 32),
  invalidate: bit(word, 63),
});

/** Where the state of a PASID is; nothing without DINVE, or beyond the table. */
export const stateAt = (context: ExtendedContext, pasid: number): bigint | undefined =>
  context.deferred && pasid < context.pasidCount
    ? context.stateTable + 8n * BigInt(pasid)
    : undefined;

/**
 * Whether software may put off an invalidation of a PASID by setting DINV.
 *
 * Reading: only while no device uses the PASID; Linux sets DINV where the whole word is 0 and sends
 * the invalidation otherwise.
 */
export const mayDefer = (word: bigint): boolean => decodeState(word).active === 0;

/**
 * What becomes of a state entry when a device begins to use its PASID.
 *
 * Reading: the first use takes DINV, clears it, and does what was put off: all that is cached of
 * the PASID in the domain that is not global goes, its PASID entry not among it. A count at its
 * largest stays there.
 */
export function used(word: bigint): { readonly word: bigint; readonly invalidates: boolean } {
  const { active, invalidate } = decodeState(word);
  const invalidates = active === 0 && invalidate;
  const counted = active === 0xffff ? word : word + (1n << 32n);
  return { word: invalidates ? counted & ~(1n << 63n) : counted, invalidates };
}

/** The same when a device is done with it. A count of 0 stays there. */
export const unused = (word: bigint): bigint =>
  decodeState(word).active === 0 ? word : word - (1n << 32n);
