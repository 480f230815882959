import type { Profile } from "../../events/profile/profile.ts";
import { profileOf } from "../../events/profile/profile.ts";
import { ProfileError } from "../../events/profile/profile-check.ts";
import { profiles } from "../../events/profile/profiles.ts";
import { Cap, Ecap } from "../../events/registers/capability.ts";

/**
 * What a unit may be, as far as that is known: two units between which the real one lies. Where
 * both come to the same, so does it.
 */
export interface Rules {
  /** Every capability that it may have: fewest bits are reserved. */
  readonly most: Profile;
  /** None that it may lack. */
  readonly least: Profile;
  /** Whether CAP and ECAP are known. */
  readonly isKnown: boolean;
}

/** Host address widths of the narrowest and the widest host, in bits. */
export const hostWidths = { least: 36, most: 52 } as const;

const version = 0x10n;
/** A unit that can do everything. */
const capable = {
  cap: profiles["everything-scalable"].cap,
  ecap: profiles["everything-scalable"].ecap | Ecap.mask("slads") | Ecap.mask("mts"),
};
const plain = { cap: Cap.encode({ nd: 6, sagaw: 0, mgaw: 56, fro: 0xc }), ecap: 0n } as const;

const isWidth = (haw: number | undefined): haw is number =>
  haw !== undefined && haw >= 32 && haw <= hostWidths.most;

/**
 * A unit of which nothing is known but perhaps its host's address width in bits.
 */
export function unknownUnit(haw: number | undefined): Rules {
  const [least, most] = isWidth(haw) ? [haw, haw] : [hostWidths.least, hostWidths.most];
  return {
    most: profileOf({ ver: version, haw: most, cap: capable.cap, ecap: capable.ecap }),
    least: profileOf({ ver: version, haw: least, ...plain }),
    isKnown: false,
  };
}

/** Capability words as they are told; each may be missing. */
export interface ToldCapabilities {
  readonly ver?: bigint | undefined;
  readonly cap?: bigint | undefined;
  readonly ecap?: bigint | undefined;
}

/** The rules of a unit whose capabilities are told, or not. `haw` is in bits. */
export function rulesOf(told: ToldCapabilities, haw: number | undefined): Rules {
  const { ver = version, cap, ecap } = told;
  if (cap === undefined || ecap === undefined) return unknownUnit(haw);
  const width = isWidth(haw) ? haw : hostWidths.most;
  try {
    const profile = profileOf({ ver, cap, ecap, haw: width });
    return { most: profile, least: profile, isKnown: true };
  } catch (error) {
    // A unit that is not modelled, by advanced fault logging for one.
    if (error instanceof ProfileError) return unknownUnit(haw);
    throw error;
  }
}

/** Whether a unit has what an entry asks for; `undefined` where that is not known. */
export function isSupported(
  { most, least, isKnown }: Rules,
  has: (profile: Profile) => boolean,
): boolean | undefined {
  if (!has(most)) return false;
  return isKnown || has(least) ? true : undefined;
}

/** Bits that are set and reserved, and bits that are set and may be. */
export interface ReservedBits {
  readonly surely: bigint;
  readonly maybe: bigint;
}

/** Which bits of an entry are reserved, by a mask that depends on what the unit can do. */
export function reservedBits(
  { most, least }: Rules,
  entry: bigint,
  mask: (profile: Profile) => bigint,
): ReservedBits {
  const surely = entry & mask(most);
  return { surely, maybe: entry & mask(least) & ~surely };
}
