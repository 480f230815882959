import { isScalable } from "../../projections/context/context-path.ts";
import type { Guest } from "../../projections/guest.ts";

/** Reasons of scalable mode, by those of legacy mode. */
const scalableReasons: ReadonlyMap<number, readonly number[]> = new Map([
  ...([
    [0x1, [0x39]],
    [0x2, [0x41]],
    [0x3, [0x7b]],
    [0x4, [0x84]],
    [0x5, [0x79, 0x85]],
    [0x6, [0x79, 0x86]],
    [0x7, [0x78]],
    [0x8, [0x38]],
    [0x9, [0x40]],
    [0xa, [0x3a]],
    [0xb, [0x42]],
    [0xc, [0x7a]],
  ] as const),
]);

/** What a PASID directory and its tables can be wrong in, for which old versions have one code. */
const pasidReasons: readonly number[] = [0x50, 0x51, 0x58, 0x59, 0x5b];

/** The major version of the QEMU that a guest is compared with. */
const majorOf = ({ profile }: Guest): number =>
  Number(/^QEMU (\d+)\./.exec(profile.name)?.[1] ?? Number.MAX_SAFE_INTEGER);

/** Versions that report everything that is wrong with a PASID as 58h. */
export const hasOnePasidReason = (guest: Guest): boolean => majorOf(guest) < 10;

/** Versions in which requests without a PASID have PASID 0, whatever RID_PASID says. */
export const hasNoRidPasid = (guest: Guest): boolean => majorOf(guest) >= 11;

/** Versions that execute page group responses whether or not the unit has page requests. */
export const takesResponses = (guest: Guest): boolean => majorOf(guest) >= 11;

/** Versions that keep PASID entries, and whether they pass through, until told to look again. */
export const keepsPasids = (guest: Guest): boolean => majorOf(guest) >= 11;

/** The reason in an outcome's text, or nothing. */
export function reasonIn(text: string): number | undefined {
  const code = /^fault (0x[0-9a-f]+)/.exec(text)?.[1];
  return code === undefined ? undefined : Number(code);
}

/** The reasons that QEMU may mean with one that it gives. */
export function meantBy(guest: Guest, reason: number): readonly number[] {
  if (!isScalable(guest)) return guest.profile.smts && reason === 0x87 ? [0xe] : [];
  if (reason === 0x58 && hasOnePasidReason(guest)) return pasidReasons;
  return scalableReasons.get(reason) ?? [];
}
