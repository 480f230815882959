import { dinve, entries, neste, paside, places, pre, putAt, without } from "./example-extended.ts";
import type { FaultCase } from "./fault-case.ts";
import {
  both,
  cases,
  context,
  far,
  fetches,
  none,
  nowhere,
  page5,
  supervises,
} from "./fault-case.ts";

const pasid = 0x42;
const [low = 0n, high = 0n, third = 0n, fourth = 0n] = entries.plain;

const withType = (type: bigint, flags = paside) =>
  context((low & ~0x81cn & ~paside) | (type << 2n) | flags);

/** What is wrong with root and context entry and with the PASID table. */
export const entryCases: readonly FaultCase[] = [
  ...cases(0x8, [["root table beyond memory", ({ unit }) => (unit.root = nowhere | 0x800n)]]),
  ...cases(0x1, [
    ["LP clear", putAt(places.root, 0x2000n)],
    ["P of the other half is no help", putAt(places.root, 0n, 0x2001n)],
  ]),
  ...cases(0xa, [
    ["bit 1 of the root entry", putAt(places.root, 0x2003n)],
    ["bit 11 of the root entry", putAt(places.root, 0x2801n)],
    ["root entry beyond the width", putAt(places.root, far | 0x2001n)],
  ]),
  ...cases(0x9, [["context table beyond memory", putAt(places.root, nowhere | 1n)]]),
  ...cases(0x2, [["P clear, whatever else", context(low & ~1n, ~0n)]]),
  ...cases(0xb, [
    ["second level beyond the width", context(low | far)],
    ["bit 92", context(undefined, high | (1n << 28n))],
    ["bit 95", context(undefined, high | (1n << 31n))],
    ["bit 99, of PAT", context(undefined, high | (1n << 35n))],
    ["bit 127, of PAT", context(undefined, high | (1n << 63n))],
    ["bit 132", context(undefined, undefined, third | 0x10n)],
    ["bit 139", context(undefined, undefined, third | 0x800n)],
    ["PASID table beyond the width", context(undefined, undefined, third | far)],
    ["bit 192", context(undefined, undefined, undefined, fourth | 1n)],
    ["bit 203", context(undefined, undefined, undefined, fourth | 0x800n)],
    ["state table beyond the width", context(low | dinve, undefined, undefined, fourth | far)],
    [
      "domain-id of more bits than ND",
      ({ unit, put }) => {
        unit.cap &= ~7n;
        put(places.context + 8n, high | 0x1000n);
      },
    ],
    ["EMT without MTS", both(without(25), context(low | 0x20n))],
    ["CD without MTS", both(without(25), context(undefined, high | 0x40n))],
    ["EMTE without MTS", both(without(25), context(undefined, high | 0x80n))],
    ["PAT without MTS", both(without(25), context(undefined, high | (1n << 32n)))],
    ["DINVE without DIS", both(without(27), context(low | dinve, undefined, undefined, 0n))],
    ["state table without DIS", without(27)],
    ["PRE without PRS", both(without(29), context(low | pre))],
    ["NESTE without NEST", both(without(26), context(low | neste))],
    ["PASIDE without PASID", both(without(40), context(undefined, undefined, 0n))],
    ["EAFE without EAFS", both(without(34), context(undefined, high | (1n << 25n)))],
    ["ERE without ERS", without(30)],
    ["SLEE without ERS", both(without(30), context(undefined, 0x0800_0002n | (high & 0xff00n)))],
  ]),
  ...cases(0xb, [["PASID table without PASID", both(without(40), context(low & ~paside))]], page5),
  ...cases(0x3, [
    ["type 3", withType(3n)],
    ["type 6", withType(6n)],
    ["type 7", withType(7n)],
    ["type 1 without DT", both(without(2), withType(1n))],
    ["type 5 without DT", both(without(2), withType(5n))],
    ["type 4 without PT", both(without(6), withType(4n))],
    ["type 4 without PASIDE", withType(4n, 0n), page5],
    ["type 5 without PASIDE", withType(5n, 0n), page5],
    ["type 2 without PT", both(without(6), withType(2n)), page5],
    ["width 0", context(undefined, high & ~7n)],
    ["width 4", context(undefined, (high & ~7n) | 4n)],
    ["width 3, which SAGAW has not", context(undefined, (high & ~7n) | 3n)],
    ["table of more PASIDs than PSS", without(35, 36, 39)],
    ["second level beyond memory", context((low & ~0xf000n) | nowhere), page5],
  ]),
  ...cases(0xd, [
    ["type 2 and a PASID", withType(2n)],
    ["a translation request with type 0", none, { pasid, type: "translation" }],
  ]),
  ...cases(0x3, [["NESTE without PASIDE", context((low & ~paside) | neste)]], page5),
  ...cases(0x10, [["PASID table beyond memory", context(undefined, undefined, nowhere | 2n)]]),
  ...cases(0x18, [["PASIDE clear", withType(0n, 0n)]]),
  ...cases(0x1b, [["PASID 80h of 80h", none, { pasid: 0x80 }]]),
  ...cases(0x19, [["ERE clear", context(undefined, high & ~(1n << 26n)), fetches]], fetches),
  ...cases(0x11, [["P of the PASID entry, whatever else", putAt(places.pasid, ~1n & (far - 1n))]]),
  ...cases(0x12, [
    ["bit 1 of the PASID entry", putAt(places.pasid, 0xa803n)],
    ["bit 2 of the PASID entry", putAt(places.pasid, 0xa805n)],
    ["bit 5 of the PASID entry", putAt(places.pasid, 0xa821n)],
    ["bit 9 of the PASID entry", putAt(places.pasid, 0xaa01n)],
    ["bit 10 of the PASID entry", putAt(places.pasid, 0xac01n)],
    ["first level beyond the width", putAt(places.pasid, far | 0xa801n)],
    ["SRE without SRS", without(31)],
  ]),
  ...cases(0x1a, [["SRE clear", putAt(places.pasid, 0xa001n), supervises]], supervises),
  ...cases(0x1c, [
    ["PASID under a regular root table", ({ unit }) => (unit.root &= ~0x800n)],
    ["RTT without ECS", without(24)],
  ]),
];
