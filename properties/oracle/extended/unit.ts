import { bit, bits } from "../word.ts";

/**
 * What the oracle of extended contexts needs of one unit: its registers as raw words, and memory.
 */
export interface ExtendedUnit {
  readonly cap: bigint;
  readonly ecap: bigint;
  /** Host address width in bits. */
  readonly haw: number;
  /** RTADDR as last latched. */
  readonly root: bigint;
  /** The bit of ECAP that tells of PASIDs. */
  readonly pasidBit: PasidBit;
  /** The word at an 8-byte aligned GPA, or `undefined` where it cannot be read. */
  readonly read64: (gpa: bigint) => bigint | undefined;
  /** Whether the unit can write there. */
  readonly canWrite: (gpa: bigint) => boolean;
}

/**
 * Where ECAP tells of PASIDs.
 *
 * Reading: VT-d 2.2 and 2.3 had it in bit 28 and 2.4 has it in bit 40; a unit follows one of them,
 * and the other bit means nothing to it.
 */
export const pasidBits = { until23: 28, from24: 40 } as const;

export type PasidBit = (typeof pasidBits)[keyof typeof pasidBits];

/** What the words of a unit say that it can do, as far as extended contexts depend on it. */
export interface Abilities {
  readonly deviceTlb: boolean;
  readonly passThrough: boolean;
  readonly snoop: boolean;
  readonly extended: boolean;
  readonly memoryType: boolean;
  readonly nested: boolean;
  readonly deferred: boolean;
  readonly pasid: boolean;
  readonly pageRequests: boolean;
  readonly execute: boolean;
  readonly supervisor: boolean;
  readonly extendedAccessed: boolean;
  /** How many bits of a PASID count; 1 to 32. */
  readonly pasidWidth: number;
  readonly throttling: boolean;
  readonly pageDrain: boolean;
}

/** What a unit can do. */
export function abilitiesOf({
  ecap,
  pasidBit,
}: Pick<ExtendedUnit, "ecap" | "pasidBit">): Abilities {
  return {
    deviceTlb: bit(ecap, 2),
    passThrough: bit(ecap, 6),
    snoop: bit(ecap, 7),
    extended: bit(ecap, 24),
    memoryType: bit(ecap, 25),
    nested: bit(ecap, 26),
    deferred: bit(ecap, 27),
    pageRequests: bit(ecap, 29),
    execute: bit(ecap, 30),
    supervisor: bit(ecap, 31),
    extendedAccessed: bit(ecap, 34),
    pasidWidth: bits(ecap, 39, 35) + 1,
    pasid: bit(ecap, pasidBit),
    throttling: bit(ecap, 41),
    pageDrain: bit(ecap, 42),
  };
}

/** Why the words of a unit contradict each other, or nothing. */
export function contradiction({ ecap }: Pick<ExtendedUnit, "ecap">): string | undefined {
  const both = bit(ecap, 24) && bit(ecap, 43);
  return both ? "ECS and SMTS are of different revisions of one table format" : undefined;
}

/**
 * Whether the root pointer is of an extended table.
 *
 * Reading: without ECAP.ECS the bit of RTADDR names no extended table; whether such a root pointer
 * is invalid, as later versions have it, is not asked here.
 */
export const isExtended = (unit: ExtendedUnit): boolean => bit(unit.ecap, 24) && bit(unit.root, 11);
