import type { DecodedBy } from "../events/layout/layout.ts";
import { profileOf } from "../events/profile/profile.ts";
import { ProfileError } from "../events/profile/profile-check.ts";
import { Cap, Ecap } from "../events/registers/capability.ts";
import type { HostAbilities } from "./host-abilities.ts";
import { hostRefusal } from "./host-abilities.ts";

type CapFields = DecodedBy<typeof Cap>;
type EcapFields = DecodedBy<typeof Ecap>;

/** The words of a unit: VER, CAP, ECAP and the bits of guest addresses. */
export interface UnitWords {
  readonly ver: bigint;
  readonly cap: bigint;
  readonly ecap: bigint;
  readonly haw: number;
}

/** What a unit may offer on a host. */
export interface Offer {
  readonly words: UnitWords;
  /** The fields that offer less than was asked for: register and field, before and after. */
  readonly limited: readonly LimitedField[];
  /** Why the host cannot serve even that, each reason in one line; none when it can. */
  readonly refused: readonly string[];
}

/** A field of CAP or ECAP, or the address width, that says less than was wanted. */
export interface LimitedField {
  /** Such as `ECAP.FLTS`. */
  readonly field: string;
  readonly wanted: number;
  readonly offered: number;
}

/** Sets fields to less: what has no use without another field goes with it. */
type Limit = (cap: Writable<CapFields>, ecap: Writable<EcapFields>, host: HostAbilities) => void;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

const limits: readonly Limit[] = [
  (cap, ecap, { nesting }) => {
    if (nesting) return;
    ecap.flts = false;
    ecap.eafs = false;
    cap.fl1gp = false;
    cap.fl5lp = false;
  },
  (_, ecap) => {
    // Its own first stage over its own second stage needs both.
    ecap.nest &&= ecap.flts && ecap.ssts;
  },
  (cap, _, { firstStageLevels }) => {
    cap.fl5lp &&= firstStageLevels === 5;
  },
  (_, ecap, { pasid }) => {
    if (pasid) return;
    ecap.pasid = false;
    ecap.pss = 0;
    ecap.ers = false;
    ecap.srs = false;
  },
  (_, ecap, { pageRequests }) => {
    if (pageRequests) return;
    ecap.prs = false;
    ecap.pds = false;
  },
  (cap, _, { inputBits }) => {
    cap.mgaw = Math.min(cap.mgaw, inputBits - 1);
    for (const levels of [3, 4, 5]) {
      if (levels * 9 + 12 > inputBits) cap.sagaw &= ~(1 << (levels - 2));
    }
  },
];

function limitedFields(before: UnitWords, after: UnitWords): readonly LimitedField[] {
  const found: LimitedField[] = [];
  const compare = (name: string, was: object, is: object): void => {
    const now = is as Readonly<Record<string, number | boolean | bigint>>;
    for (const [field, value] of Object.entries(was)) {
      const [wanted, offered] = [Number(value), Number(now[field])];
      if (wanted !== offered) {
        found.push({ field: `${name}.${field.toUpperCase()}`, wanted, offered });
      }
    }
  };
  compare("CAP", Cap.decode(before.cap), Cap.decode(after.cap));
  compare("ECAP", Ecap.decode(before.ecap), Ecap.decode(after.ecap));
  if (before.haw !== after.haw) {
    found.push({ field: "HAW", wanted: before.haw, offered: after.haw });
  }
  return found;
}

/** Bits of words that no field has stay as they are. */
const inWord = (word: bigint, before: bigint, after: bigint): bigint => (word & ~before) | after;

function refusalsOf(words: UnitWords, host: HostAbilities): readonly string[] {
  try {
    const profile = profileOf(words);
    const isEmpty = profile.levels.size === 0 && !profile.flts;
    const nothing = isEmpty ? ["no second stage and no first stage is left that both can do"] : [];
    return [...nothing, ...hostRefusal(profile, host)];
  } catch (error) {
    if (error instanceof ProfileError) return [error.message];
    throw error;
  }
}

/**
 * What a unit may offer of what is wanted of it, on a host: first the host is asked, then the unit
 * is made with what both can do. What no field limits (pages of 4 KiB, caching mode, guest memory
 * beyond the host's addresses) is refused.
 *
 * @param memoryEnd  the first guest address beyond all of the guest's memory.
 */
export function offerOn(wanted: UnitWords, host: HostAbilities, memoryEnd = 0n): Offer {
  const [cap, ecap] = [{ ...Cap.decode(wanted.cap) }, { ...Ecap.decode(wanted.ecap) }];
  const [capBits, ecapBits] = [Cap.encode(cap), Ecap.encode(ecap)];
  for (const limit of limits) limit(cap, ecap, host);
  const words = {
    ver: wanted.ver,
    cap: inWord(wanted.cap, capBits, Cap.encode(cap)),
    ecap: inWord(wanted.ecap, ecapBits, Ecap.encode(ecap)),
    haw: Math.min(wanted.haw, Math.max(32, host.hostBits)),
  };
  const isBeyond = memoryEnd > 1n << BigInt(host.hostBits);
  const memory = isBeyond ? [`the guest has memory beyond the host's ${host.hostBits} bits`] : [];
  const refused = [...memory, ...refusalsOf(words, host)];
  return { words, limited: limitedFields(wanted, words), refused };
}
