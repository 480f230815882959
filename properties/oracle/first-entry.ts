import type { Access } from "../../events/input.ts";
import { onceFor } from "./masks.ts";
import type { Space } from "./pasid-entry.ts";
import type { PageValue, TableAnswer, Unit } from "./walk.ts";
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

/** Names of what reserved bits of a first-stage entry depend on: eight for each level. */
const forms = Array.from({ length: 48 }, (_, form) => `first stage ${form}`);

/** Reserved bits of a first-stage entry. */
export function reservedBits(unit: Unit, space: Space, level: number, value: bigint): bigint {
  const [leaf, nested] = [isLeaf(level, value), space.second !== undefined];
  const form = 8 * level + (leaf ? 4 : 0) + (nested ? 2 : 0) + (space.nxe ? 1 : 0);
  return onceFor(unit, forms[form] ?? "", () => reservedOf(unit, space, level, leaf));
}

function reservedOf({ cap, haw }: Unit, space: Space, level: number, leaf: boolean): bigint {
  // Under nesting addresses are the second stage's, which has a width of its own.
  let mask = space.second === undefined ? ones(51, haw) : 0n;
  if (!space.nxe) mask |= 1n << 63n;
  if (level >= 4) mask |= 1n << 7n;
  if (level === 3 && !bit(cap, 56)) mask |= 1n << 7n;
  // Bit 12 of a large leaf is PAT.
  if (level === 3 && leaf) mask |= ones(29, 13);
  if (level === 2 && leaf) mask |= ones(20, 13);
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

/** The scalable-mode reason for one of legacy mode's second stage, which forbids one access. */
function secondStageReason(reason: number): number {
  const reasons: Readonly<Record<number, number>> = {
    ...{ 3: 0x7b, 4: 0x84, 5: 0x85, 6: 0x86, 7: 0x78, 12: 0x7a, 14: 0x87 },
  };
  return reasons[reason] ?? reason;
}

/** Whether a second stage allows neither access. */
const allowsNothing = ({ read, write }: PageValue): boolean =>
  read.kind === "fault" && read.reason === 0x6 && write.kind === "fault" && write.reason === 0x5;

/** What a second stage says of an access, in the words of scalable mode. */
export function inScalableMode(value: PageValue, access: Access): TableAnswer {
  const outcome = value[access];
  if (outcome.kind !== "fault") return outcome;
  const reason = allowsNothing(value) ? 0x79 : secondStageReason(outcome.reason);
  return { kind: "fault", reason };
}
