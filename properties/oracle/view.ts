import { bit } from "./word.ts";

/**
 * The same word by the other view of memory: what the CPUs wrote where table reads do not snoop
 * (ECAP.C=0), what was written back where they do. Its place is told by a number below zero.
 */
const otherView = (gpa: bigint): bigint => -1n - gpa;

/** Whether a place is one of the other view. */
export const isOther = (at: bigint): boolean => at < 0n;

/** The GPA of a place, by whichever view. */
export const gpaOf = (at: bigint): bigint => (isOther(at) ? otherView(at) : at);

/**
 * Whether a unit reads paging structures that PASID entries lead to otherwise than all else: with
 * scalable mode, where ECAP.SMPWC differs from ECAP.C.
 */
export const isSplit = ({ ecap }: { readonly ecap: bigint }): boolean =>
  bit(ecap, 43) && bit(ecap, 48) !== bit(ecap, 0);

/**
 * Where a unit reads a word of a paging structure. One that a PASID entry leads to is read with
 * snooping where the unit can (ECAP.SMPWC), whatever ECAP.C says of all others; PWSNP is passed by.
 *
 * @param snoops  whether it is; nothing for a structure that no PASID entry leads to.
 */
export const placeOf = (
  { ecap }: { readonly ecap: bigint },
  snoops: boolean | undefined,
  gpa: bigint,
): bigint => (snoops === undefined || snoops === bit(ecap, 0) ? gpa : otherView(gpa));
