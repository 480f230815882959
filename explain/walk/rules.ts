import type { Profile } from "../../events/profile/profile.ts";
import { profileOf } from "../../events/profile/profile.ts";
import { ProfileError } from "../../events/profile/profile-check.ts";
import { profiles } from "../../events/profile/profiles.ts";
import { Cap } from "../../events/registers/capability.ts";

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

/** Wider than any host: nobody says which bits of an address there are. */
const widest = 52;

const words = { ver: 0x10n, haw: widest } as const;
const capable = profiles["everything-scalable"];

/** A unit of which nothing is known. */
export const unknownUnit: Rules = {
  most: profileOf({ ...words, cap: capable.cap, ecap: capable.ecap }),
  least: profileOf({
    ...words,
    cap: Cap.encode({ nd: 6, sagaw: 0b01110, mgaw: 56, fro: 0xc }),
    ecap: 0n,
  }),
  isKnown: false,
};

/** Capability words as they are told; each may be missing. */
export interface ToldCapabilities {
  readonly ver?: bigint | undefined;
  readonly cap?: bigint | undefined;
  readonly ecap?: bigint | undefined;
}

/** The rules of a unit whose capabilities are told, or not. `haw` is in bits. */
export function rulesOf(told: ToldCapabilities, haw: number | undefined): Rules {
  const { ver = 0x10n, cap, ecap } = told;
  if (cap === undefined || ecap === undefined) return unknownUnit;
  const width = haw !== undefined && haw >= 32 && haw <= widest ? haw : widest;
  try {
    const profile = profileOf({ ver, cap, ecap, haw: width });
    return { most: profile, least: profile, isKnown: true };
  } catch (error) {
    // A unit that is not modelled, by advanced fault logging for one.
    if (error instanceof ProfileError) return unknownUnit;
    throw error;
  }
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
