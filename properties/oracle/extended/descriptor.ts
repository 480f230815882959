import { bit, bits, ones } from "../word.ts";
import type { Abilities, ExtendedUnit } from "./unit.ts";
import { abilitiesOf } from "./unit.ts";
import type { ExtendedWork, Range } from "./work.ts";

/** Why the queue halts at a descriptor: its type is not known, or a field cannot be. */
export type Refusal = "type" | "field";

/** Reserved bits of both words of each type of descriptor. */
const reserved: Readonly<Record<number, readonly [low: bigint, high: bigint]>> = {
  1: [ones(15, 6) | ones(63, 50), ones(63, 0)],
  2: [ones(15, 8) | ones(63, 32), ones(11, 7)],
  3: [ones(15, 4) | ones(31, 21) | ones(63, 48), ones(11, 1)],
  4: [ones(26, 5) | ones(63, 48), ones(63, 0)],
  5: [ones(31, 7), ones(1, 0)],
  6: [ones(15, 6) | ones(63, 52), ones(11, 8)],
  7: [ones(15, 6) | ones(63, 52), ones(63, 0)],
  8: [ones(15, 9) | ones(63, 52), ones(10, 1)],
  9: [ones(15, 5) | ones(63, 52), ones(31, 4)],
  10: [0n, 0n],
};

/**
 * Bits that a capability makes fields of: the physical function for throttling (ECAP.DIT), the
 * drain of page requests (ECAP.PDS).
 */
function added(type: number, can: Abilities): bigint {
  if ((type === 3 || type === 8) && can.throttling) return ones(15, 12) | ones(63, 52);
  return type === 5 && can.pageDrain ? 1n << 7n : 0n;
}

/**
 * Whether a unit knows a type: 3 and 8 with device TLBs, 4 with interrupt remapping, 6 to 8 with
 * PASIDs, 9 and 10 with page requests.
 *
 * Reading: 6 to 10 also need extended contexts, which alone lead to PASIDs.
 */
function knows(type: number, { ecap }: ExtendedUnit, can: Abilities): boolean {
  if (type > 5 && !can.extended) return false;
  if (type >= 6 && type <= 8 && !can.pasid) return false;
  if (type === 3 || type === 8) return can.deviceTlb;
  if (type === 4) return bit(ecap, 3);
  return type > 8 ? can.pageRequests : true;
}

const rangeOf = (high: bigint, length: bigint): Range => ({
  address: high & ~0xfffn & ~(length - 1n),
  length,
});

/** Pages around an address that a mask of so many bits leaves. */
const masked = (high: bigint): Range => rangeOf(high, 4096n << BigInt(bits(high, 5, 0)));

/** Pages as ATS tells them: with S, the lowest bit of the address that is 0 tells how many. */
function told(high: bigint, many: boolean): Range {
  let length = many ? 8192n : 4096n;
  while (many && length < 1n << 64n && (high & (length >> 1n)) !== 0n) length <<= 1n;
  return rangeOf(high, length);
}

type Code = "success" | "invalid" | "failure";

/** Reading: a code without a meaning is a failure to the device. */
const codeOf = (code: number): Code =>
  code === 0 ? "success" : code === 1 ? "invalid" : "failure";

/** What a descriptor of 128 bits asks for, or why it cannot. */
export function decodeDescriptor(
  unit: ExtendedUnit,
  low: bigint,
  high: bigint,
): ExtendedWork | Refusal {
  const can = abilitiesOf(unit);
  // Reading: the type has 4 bits; bits 11:9 became part of it in 3.x and are reserved before.
  const type = bits(low, 3, 0);
  const masks = reserved[type];
  if (masks === undefined || !knows(type, unit, can)) return "type";
  if ((low & masks[0] & ~added(type, can)) !== 0n || (high & masks[1]) !== 0n) return "field";
  if (type === 1) return context(low);
  if (type === 2) return iotlb(unit, low, high);
  if (type === 3) return { kind: "deviceTlb", sid: bits(low, 47, 32), ...told(high, bit(high, 0)) };
  if (type === 4) return interruptEntries(low);
  if (type === 5) return wait(low, high);
  return forPasids(type, low, high);
}

const context = (low: bigint): ExtendedWork | Refusal => {
  const scope = ([undefined, "global", "domain", "device"] as const)[bits(low, 5, 4)];
  const [did, sid, mask] = [bits(low, 31, 16), bits(low, 47, 32), bits(low, 49, 48)];
  return scope === undefined ? "field" : { kind: "context", scope, did, sid, mask };
};

/** Reading: a mask beyond MAMV is an error of this type alone, which CAP.MAMV is about. */
const iotlb = ({ cap }: ExtendedUnit, low: bigint, high: bigint): ExtendedWork | Refusal => {
  const scope = ([undefined, "global", "domain", "page"] as const)[bits(low, 5, 4)];
  const tooMany = scope === "page" && bits(high, 5, 0) > bits(cap, 53, 48);
  if (scope === undefined || tooMany) return "field";
  const did = bits(low, 31, 16);
  return { kind: "iotlb", scope, did, leafOnly: bit(high, 6), ...masked(high) };
};

const interruptEntries = (low: bigint): ExtendedWork => {
  if (!bit(low, 4)) return { kind: "interruptEntries", first: 0, count: undefined };
  const [index, count] = [bits(low, 47, 32), 2 ** bits(low, 31, 27)];
  return { kind: "interruptEntries", first: index - (index % count), count };
};

const wait = (low: bigint, high: bigint): ExtendedWork => ({
  kind: "wait",
  interrupt: bit(low, 4),
  status: bit(low, 5) ? high : undefined,
  data: bits(low, 63, 32),
  fence: bit(low, 6),
  drain: bit(low, 7),
});

function forPasids(type: number, low: bigint, high: bigint): ExtendedWork | Refusal {
  const [granularity, did, pasid] = [bits(low, 5, 4), bits(low, 31, 16), bits(low, 51, 32)];
  if (type === 6) {
    const scope = (["all", "notGlobal", "pasid", "page"] as const)[granularity] ?? "all";
    const [leafOnly, global] = [bit(high, 6), bit(high, 7)];
    return { kind: "extendedIotlb", scope, did, pasid, leafOnly, global, ...masked(high) };
  }
  if (type === 7) {
    // Reading: a global one (11b) came with 3.0; in 2.x 10b and 11b are reserved.
    const scope = (["domain", "pasid"] as const)[granularity];
    return scope === undefined ? "field" : { kind: "pasidCache", scope, did, pasid };
  }
  if (type === 8) {
    const whose = bit(high, 0) ? ("all" as const) : pasid;
    const range = told(high, bit(high, 11));
    return { kind: "extendedDeviceTlb", sid: bits(low, 31, 16), pasid: whose, ...range };
  }
  return answer(type, low, high);
}

/** An answer to a page request: to its group, or to that one of a stream. */
function answer(type: number, low: bigint, high: bigint): ExtendedWork {
  const response = codeOf(bits(high, 3, 0));
  if (type === 9) {
    const pasid = bit(low, 4) ? bits(low, 51, 32) : undefined;
    const [group, data] = [bits(high, 63, 55), bits(high, 54, 32)];
    return { kind: "groupAnswer", sid: bits(low, 31, 16), pasid, group, data, response };
  }
  const sid = (bits(low, 31, 24) << 8) | bits(high, 11, 4);
  const [pasid, group, data] = [bits(low, 23, 4), bits(low, 63, 55), bits(low, 54, 32)];
  return { kind: "streamAnswer", sid, pasid, group, data, response, address: high & ~0xfffn };
}
