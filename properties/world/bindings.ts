import { PasidEntry } from "../../events/context/pasid-entry.ts";
import type { Profile } from "../../events/profile/profile.ts";
import type { Binding, Domain } from "./belief.ts";
import { domainOf } from "./boot.ts";
import type { Driver } from "./driver.ts";
import { pick } from "./driver.ts";
import { someStage } from "./first-stage-tables.ts";
import { types } from "./scalable-tables.ts";

/** The kinds of translation that a unit has, those that are rich in cases more often. */
function kindsOf({ flts, ssts, nest, passThrough }: Profile): readonly number[] {
  const kinds = [
    ...(flts ? [types.firstStage, types.firstStage, types.firstStage] : []),
    ...(ssts ? [types.secondStage, types.secondStage] : []),
    ...(nest ? [types.nested, types.nested, types.nested] : []),
    ...(passThrough ? [types.passThrough] : []),
  ];
  return kinds.length === 0 ? [types.firstStage, types.secondStage] : kinds;
}

const flags = ["fpd", "sre", "ere", "wpe", "nxe", "smep", "eafe", "ssade"] as const;

/** Each flag with the share of entries that have it, out of 16; fewer where it is reserved. */
function flagBits({ supervisorRequests, executeRequests, ...rest }: Profile, draw: number): bigint {
  const shares = {
    fpd: 2,
    sre: supervisorRequests ? 12 : 0,
    ere: executeRequests ? 12 : 0,
    wpe: 8,
    nxe: 10,
    smep: 8,
    eafe: rest.extendedAccessed ? 8 : 0,
    ssade: rest.secondStageDirty ? 3 : 0,
  };
  let bits = 0n;
  for (const [index, flag] of flags.entries()) {
    const chance = (Math.imul(draw + 1, 0x9e37 + 2 * index) >>> 7) % 16;
    if (chance < shares[flag]) bits |= PasidEntry.mask(flag);
  }
  return bits;
}

/** Bits that are reserved, some of them by capability, and some that are only not kept here. */
const oddBits = [5, 9, 10, 11, 62, 80, 94, 128, 129, 135, 136, 139, 190, 192, 300, 511];
const plainBits = [87, 88, 89, 90, 91, 96, 127];

/** The domain of second-stage tables that entries name; the first one is begun if there is none. */
export function secondStage(driver: Driver, draw: number): Domain {
  const known = [...driver.domains.values()];
  return known.length === 0 || draw % 32 === 31
    ? domainOf(driver, 1 + (draw % 4), draw)
    : pick(known, draw);
}

/**
 * A PASID entry from draws of 16 bits each: mostly one that the unit takes.
 *
 * @param odd  out of 16, how many have something wrong in one field.
 */
export function bindingFrom(
  driver: Driver,
  [one, two, three]: readonly [number, number, number],
  odd: number,
): Binding {
  const { profile } = driver;
  const strange = (three >> 4) % 16 < odd ? three % 6 : -1;
  const pgtt = pick(strange === 0 ? [0, 1, 2, 3, 3, 4, 5, 7] : kindsOf(profile), one);
  const domain = secondStage(driver, one >> 4);
  const stage = someStage(driver, one >> 8);
  const others = 3 + ((domain.levels - 2) % 3);
  const second = strange === 1 ? { ...domain, levels: two % 2 === 0 ? 2 : others } : domain;
  const first = { ...stage, levels: strange === 2 ? ((9 - stage.levels) as 4 | 5) : stage.levels };
  const usesSecond = pgtt === types.secondStage || pgtt === types.nested;
  const own = usesSecond ? domain.did : pgtt === types.passThrough ? 9 : 5 + (two % 2);
  const did = pick([own, own, own, own, own, own, own, 8], two >> 2);
  const stray = strange === 3 ? 1n << BigInt(pick(oddBits, two)) : 0n;
  const plain = (two >> 5) % 8 === 7 ? 1n << BigInt(pick(plainBits, two)) : 0n;
  const root = strange === 4 ? { root: pick([64, 2 ** 36, 0xfee00], two) } : {};
  return {
    present: strange !== 5,
    pgtt,
    did,
    stage: { ...first, ...root },
    domain: two % 2 === 0 ? { ...second, ...root } : second,
    bits: flagBits(profile, three ^ two) | stray | plain,
  };
}
