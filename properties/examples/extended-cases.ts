import type { Iova } from "../../events/address.ts";
import type { InputOf } from "../../events/input.ts";
import { at } from "../../events/registers/offset.ts";
import { command, memory, srtp, te, write8 } from "./driver.ts";
import {
  context,
  extendedOn,
  extendedTables,
  extendedUnit,
  own,
  pasidEntry,
  pasidTable,
} from "./extended-driver.ts";
import type { Inputs } from "./given.ts";
import { given } from "./given.ts";
import {
  below,
  contextTable,
  data,
  firstStage,
  gva,
  pasidDma,
  scalableRoot,
  secondStage,
  slot,
} from "./scalable-driver.ts";
import type { Changes } from "./unit.ts";
import { nvme } from "./unit.ts";

/** A read by 00:04.0. */
export const reads = (
  rights: { pasid?: number; privileged?: true; execute?: true } = {},
  iova = gva,
): InputOf<"Dma"> => pasidDma("read", iova, rights);

/**
 * The reason that a request is blocked for, once something else than usual is in the tables;
 * `undefined` when it is not. Where it is blocked a fault of that reason must be recorded.
 */
export function faultOf(change: Inputs, request: Inputs, unit: Changes = {}): number | undefined {
  const scene = given(extendedUnit(unit), extendedTables, change, extendedOn).when(request);
  const [blocked] = [...scene.of("DmaBlocked"), ...scene.of("PageRequestDropped")];
  if (blocked?.reason === undefined) return undefined;
  const [recorded] = scene.of("FaultRecorded");
  if (recorded?.reason !== blocked.reason) throw new Error("the guest is told of another reason");
  return blocked.reason;
}

/** Where no guest has memory. */
export const noPage = 0x9000_0000n;

const plain = reads({}, below + data);
const own41 = reads({ pasid: own });
const fetches = reads({ pasid: own, execute: true });
const entry = (bits: bigint) => memory(contextTable + 0x20n * 32n, bits, 0x102n, 0n, 0n);
const leaf = (bits: bigint) => memory(slot(firstStage.l1, 1, gva), bits);
const leafBelow = (page: bigint, bits: bigint) =>
  memory(slot(secondStage.l1, 1, below + page), bits);
const asksForPage: InputOf<"PageRequest"> = {
  ...{ type: "PageRequest", device: nvme, iova: gva as Iova, pasid: own },
  ...{ read: true, write: false, group: 3, last: true },
};
const rootAt = (rtaddr: bigint): Inputs => [write8(at.rtaddr, rtaddr), command(srtp | te)];
const regularRoot = rootAt(scalableRoot);

/** What is changed before translation is on, what asks then, and the reason that it ends with. */
type FaultCase = readonly [name: string, change: Inputs, request: Inputs, code: number];

/** Each reason that a request can end with by extended contexts. */
export const faultCases: readonly FaultCase[] = [
  ["8h", [], [rootAt(noPage | 0x800n), own41], 0x8],
  ["1h, nothing there", memory(scalableRoot, 0n), plain, 0x1],
  ["1h", memory(scalableRoot, contextTable), plain, 0x1],
  ["Ah", memory(scalableRoot, contextTable | 3n), plain, 0xa],
  ["9h", memory(scalableRoot, noPage | 1n), plain, 0x9],
  ["2h", context({ present: false }), own41, 0x2],
  ["Bh", entry(secondStage.l4 | 1n | (1n << 62n)), plain, 0xb],
  ["3h, type 011b", context({ t: 3 }), plain, 0x3],
  ["3h, type 110b", context({ t: 6 }), plain, 0x3],
  ["3h, width", context({ aw: 3 }), plain, 0x3],
  ["3h, type 100b without PASIDE", context({ t: 4, paside: false }), plain, 0x3],
  ["3h, NESTE without PASIDE", context({ neste: true, paside: false }), plain, 0x3],
  ["18h", context({ paside: false }), own41, 0x18],
  ["1Bh", context({ pts: 0 }), own41, 0x1b],
  ["10h", context({ pasidptr: noPage }), own41, 0x10],
  ["11h", pasidEntry(own, { present: false }), own41, 0x11],
  ["12h", memory(pasidTable + 8n * 0x41n, firstStage.l4 | 3n), own41, 0x12],
  ["13h", pasidEntry(own, { flptptr: noPage }), own41, 0x13],
  ["14h", [], reads({ pasid: own }, 1n << 60n), 0x14],
  ["15h", memory(slot(firstStage.l4, 4, gva), noPage | 7n), own41, 0x15],
  ["16h", memory(slot(firstStage.l4, 4, gva), firstStage.l3 | 0x87n), own41, 0x16],
  ["17h", leaf(0n), own41, 0x17],
  ["1Ah", [], reads({ pasid: own, privileged: true }), 0x1a],
  ["19h", [], fetches, 0x19],
  ["1Eh", leaf(data | 3n), own41, 0x1e],
  ["Eh", leaf(0xfee0_0007n), own41, 0xe],
  ["Eh, second stage", leafBelow(data, 0xfee0_0003n), plain, 0xe],
  ["4h", [], reads({}, 1n << 50n), 0x4],
  ["5h", leafBelow(data, data | 1n), pasidDma("write", below + data, {}), 0x5],
  ["6h", leafBelow(data, 0n), plain, 0x6],
  ["7h", memory(slot(secondStage.l2, 2, below), noPage | 3n), plain, 0x7],
  ["Ch", leafBelow(data, data | 3n | (1n << 11n)), plain, 0xc],
  ["Dh", context({ t: 2 }), own41, 0xd],
  ["1Ch", [], [regularRoot, own41], 0x1c],
  ["1Dh", [context({ nxe: true, ere: true }), leaf(data | 7n | (1n << 63n))], fetches, 0x1d],
  ["30h, PRE", [], asksForPage, 0x30],
  ["30h, P", context({ present: false }), asksForPage, 0x30],
  ["30h, RTT", [], [regularRoot, asksForPage], 0x30],
  ["2h before Bh", entry(1n << 62n), plain, 0x2],
  ["Bh before 3h", entry(secondStage.l4 | 0xdn | (1n << 62n)), plain, 0xb],
  ["3h before 18h", context({ t: 3, paside: false }), own41, 0x3],
  ["1Bh before 10h", context({ pts: 0, pasidptr: noPage }), own41, 0x1b],
  ["11h before 12h", memory(pasidTable + 8n * 0x41n, 2n), own41, 0x11],
  ["12h before 13h", memory(pasidTable + 8n * 0x41n, noPage | 3n), own41, 0x12],
  ["17h before 16h", leaf(1n << 51n), own41, 0x17],
  ["16h before 1Eh", leaf((1n << 51n) | 3n), own41, 0x16],
];
