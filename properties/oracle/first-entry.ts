import type { Access } from "../../events/input.ts";
import type { Space } from "./pasid-entry.ts";
import type { Unit } from "./walk.ts";
import { bit, ones } from "./word.ts";

/** How a request looks to the first stage. */
export interface FirstRequest {
  readonly access: Access;
  readonly privileged: boolean;
  readonly execute: boolean;
}

/** Whether an entry ends a walk. */
export const isLeaf = (level: number, value: bigint): boolean =>
  level === 1 || (level <= 3 && bit(value, 7));

/** Reserved bits of a first-stage entry. */
export function reservedBits(
  { cap, haw }: Unit,
  space: Space,
  level: number,
  value: bigint,
): bigint {
  // Under nesting addresses are the second stage's, which has a width of its own.
  let mask = space.second === undefined ? ones(51, haw) : 0n;
  if (!space.nxe) mask |= 1n << 63n;
  if (level >= 4) mask |= 1n << 7n;
  if (level === 3 && !bit(cap, 56)) mask |= 1n << 7n;
  // Bit 12 of a large leaf is PAT.
  if (level === 3 && isLeaf(3, value)) mask |= ones(29, 13);
  if (level === 2 && isLeaf(2, value)) mask |= ones(20, 13);
  return mask;
}

/** Why an entry does not let a request pass, in the order of the checks. */
export function refusal(
  unit: Unit,
  space: Space,
  { level, value }: { readonly level: number; readonly value: bigint },
  request: FirstRequest,
  user: boolean,
): number | undefined {
  if (!bit(value, 0)) return 0x71;
  if ((value & reservedBits(unit, space, level, value)) !== 0n) return 0x72;
  if (!bit(value, 2) && !request.privileged) return 0x81;
  const writes = request.access === "write";
  if (writes && !bit(value, 1) && (!request.privileged || space.wpe)) return 0x85;
  if (!request.execute || writes) return undefined;
  if (bit(value, 63)) return 0x82;
  const leaf = isLeaf(level, value);
  return leaf && request.privileged && space.smep && user ? 0x82 : undefined;
}

/** The entry with the bits that passing through it sets. */
export function touched(space: Space, level: number, value: bigint, access: Access): bigint {
  let after = value | (1n << 5n);
  if (space.eafe) after |= 1n << 10n;
  return access === "write" && isLeaf(level, value) ? after | (1n << 6n) : after;
}

/** Whether an address of so many levels of tables is canonical. */
export function isCanonical(page: number, levels: number): boolean {
  const upper = (BigInt(page) << 12n) >> BigInt(12 + 9 * levels - 1);
  return upper === 0n || upper === ones(64 - (12 + 9 * levels), 0);
}

/**
 * Why the second stage does not give a first-stage table, in the words of nesting.
 * Reading: one in the interrupt range is no table (87h), as it is no result.
 */
export function tableReason(reason: number, top: boolean): number {
  if (reason === 0x4) return 0x74;
  if (reason === 0x5 || reason === 0x6) return top ? 0x75 : 0x76;
  return secondStageReason(reason);
}

/** The scalable-mode reason for one of legacy mode's second stage. */
export function secondStageReason(reason: number): number {
  const reasons: Readonly<Record<number, number>> = {
    ...{ 3: 0x7b, 4: 0x84, 5: 0x79, 6: 0x79, 7: 0x78, 12: 0x7a, 14: 0x87 },
  };
  return reasons[reason] ?? reason;
}
