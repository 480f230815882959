import { describe, expect, test } from "vitest";
import { at } from "../../events/registers/offset.ts";
import { memory, write8 } from "./driver.ts";
import {
  context,
  extendedOn,
  extendedTables,
  extendedUnit,
  nested,
  nestedFields,
  own,
  pasidEntry,
  pasidTable,
  switchedOn,
} from "./extended-driver.ts";
import type { Inputs, Scene } from "./given.ts";
import { given } from "./given.ts";
import {
  below,
  contextTable,
  data,
  firstStage,
  gva,
  other,
  pasidDma,
  scalableRoot,
  secondStage,
  secondStageTables,
  slot,
} from "./scalable-driver.ts";
import type { Changes } from "./unit.ts";
import { hostBase, nvme } from "./unit.ts";

const reads = (rights: { pasid?: number; privileged?: true; execute?: true } = {}, iova = gva) =>
  pasidDma("read", iova, rights);

/** The reason that a request is blocked for, once something else than usual is in the tables. */
function faultOf(change: Inputs, request: Inputs, unit: Changes = {}): number | undefined {
  const scene = given(extendedUnit(unit), extendedTables, change, extendedOn).when(request);
  const [blocked] = scene.of("DmaBlocked");
  const [recorded] = scene.of("FaultRecorded");
  if (blocked?.reason !== undefined) expect(recorded?.reason).toBe(blocked.reason);
  return blocked?.reason;
}

const landed = (scene: Scene) => scene.of("DmaLanded").map(({ gpa, hpa }) => ({ gpa, hpa }));
const to = (gpa: bigint) => [{ gpa, hpa: hostBase + gpa }];

const noPage = 0x9000_0000n;

describe("faults of version 2.x", () => {
  const plain = reads({}, below + data);
  const own41 = reads({ pasid: own });
  const entry = (bits: bigint) => memory(contextTable + 0x20n * 32n, bits, 0x102n, 0n, 0n);
  test.each([
    ["8h", memory(scalableRoot, 0n), plain, 0x1],
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
    ["17h", memory(slot(firstStage.l1, 1, gva), 0n), own41, 0x17],
    ["1Ah", [], reads({ pasid: own, privileged: true }), 0x1a],
    ["19h", [], reads({ pasid: own, execute: true }), 0x19],
    ["1Eh", memory(slot(firstStage.l1, 1, gva), data | 3n), own41, 0x1e],
    ["Eh", memory(slot(firstStage.l1, 1, gva), 0xfee0_0007n), own41, 0xe],
  ])("[EC56] %s", (_name, change, request, code) => {
    expect(faultOf(change, request)).toBe(code);
  });

  test("[EC56] 8h: the root table cannot be read", () => {
    const scene = given(extendedUnit(), extendedTables, [
      write8(at.rtaddr, noPage | 0x800n),
      switchedOn,
    ]).when(plain);
    expect(scene.of("DmaBlocked")[0]?.reason).toBe(0x8);
  });

  test("[EC57] a write that the first stage does not allow is 5h, an execution 1Dh", () => {
    const writes = pasidDma("write", gva, { pasid: own });
    expect(faultOf(memory(slot(firstStage.l1, 1, gva), data | 5n), writes)).toBe(0x5);
    const noExecution = [
      context({ nxe: true, ere: true }),
      memory(slot(firstStage.l1, 1, gva), data | 7n | (1n << 63n)),
    ];
    expect(faultOf(noExecution, reads({ pasid: own, execute: true }))).toBe(0x1d);
  });

  test("[EC58] under nesting the second stage's faults are those of requests without PASID", () => {
    const request = reads({ pasid: own });
    const with_ = (...change: readonly Inputs[]) => faultOf([nested, change], request);
    const slotOf = (page: bigint) => slot(secondStage.l1, 1, below + page);
    expect(with_(memory(slotOf(firstStage.l4), 0n))).toBe(0x6);
    expect(with_(memory(slotOf(data), 0n))).toBe(0x6);
    expect(with_(memory(slotOf(data), data | 3n | (1n << 11n)))).toBe(0xc);
    expect(with_(context({ ...nestedFields, slptptr: noPage }))).toBe(0x3);
    expect(with_(memory(slotOf(pasidTable), 0n))).toBe(0x6);
    expect(with_(context({ neste: true }))).toBe(0x6);
    expect(with_(pasidEntry(own, { flptptr: 1n << 50n }))).toBe(0x4);
    expect(with_(memory(slot(secondStage.l2, 2, below), noPage | 3n))).toBe(0x7);
  });

  test("[EC58] TM is a field of leaves with device TLBs, and reserved without", () => {
    const tm = memory(slot(secondStage.l1, 1, below + data), data | 3n | (1n << 62n));
    const plain = reads({}, below + data);
    expect(faultOf(tm, plain)).toBeUndefined();
    expect(faultOf(tm, plain, { ecap: { dt: false, prs: false } })).toBe(0xc);
    const upper = memory(slot(secondStage.l2, 2, below), secondStage.l1 | 3n | (1n << 62n));
    expect(faultOf(upper, plain)).toBe(0xc);
  });

  test.each([
    ["NESTE", { neste: true }, { nest: false }],
    ["PRE", { pre: true }, { prs: false }],
    ["PASIDE", {}, { pasid: false }],
    ["PTS", { paside: false }, { pasid: false }],
    ["ERE", { ere: true }, { ers: false }],
    ["SLEE", { slee: true }, { ers: false }],
    ["EAFE", { eafe: true }, { eafs: false }],
    ["EMTE", { emte: true }, { mts: false }],
    ["DINVE", { dinve: true }, {}],
  ] as const)("[EC59] %s is reserved without its capability", (_name, fields, ecap) => {
    expect(faultOf(context(fields), reads({}, below + data), { ecap })).toBe(0xb);
  });

  test("[EC59] SRE is reserved without ECAP.SRS", () => {
    const set = pasidEntry(own, { sre: true });
    expect(faultOf(set, reads({ pasid: own }), { ecap: { srs: false } })).toBe(0x12);
    expect(faultOf(set, reads({ pasid: own, privileged: true }))).toBeUndefined();
  });

  test("[EC60] the guest that nests without having it harms its device alone", () => {
    const scene = given(
      extendedUnit({ ecap: { nest: false } }),
      extendedTables,
      context({ neste: true }),
      extendedOn,
    ).when(reads({ pasid: own }), pasidDma("read", gva, { pasid: own }, other));
    expect(scene.of("DmaBlocked").map(({ device, reason: code }) => [device, code])).toEqual([
      [nvme, 0xb],
    ]);
    expect(landed(scene)).toEqual(to(data));
  });

  test("[EC61] a PASID is held against the table and against the unit", () => {
    expect(faultOf(pasidEntry(0x3ff), reads({ pasid: 0x3ff }))).toBeUndefined();
    expect(faultOf([], reads({ pasid: 0x400 }))).toBe(0x1b);
    const plain = reads({}, below + data);
    expect(faultOf([], plain, { ecap: { pss: 9 } })).toBeUndefined();
    expect(faultOf([], plain, { ecap: { pss: 8 } })).toBe(0x3);
    expect(faultOf(context({ t: 2 }), reads({}, data), { ecap: { pss: 8 } })).toBeUndefined();
  });

  test("[EC62] a table that crosses the end of memory is readable up to there", () => {
    const end = context({ pts: 15, pasidptr: 0x7f_f000n });
    expect(faultOf(end, reads({ pasid: 0x1ff }))).toBe(0x11);
    expect(faultOf(end, reads({ pasid: 0x200 }))).toBe(0x10);
  });

  test("[EC63] without RTT the tables are those of legacy mode and there are no PASIDs", () => {
    const scene = given(
      extendedUnit(),
      memory(scalableRoot, contextTable | 1n, 0n),
      memory(contextTable + 0x20n * 16n, secondStage.l4 | 1n, 0x102n),
      secondStageTables,
      write8(at.rtaddr, scalableRoot | 0x400n),
      switchedOn,
    ).when(reads({ pasid: own }));
    expect(scene.register(at.rtaddr, 8)).toBe(scalableRoot);
    expect(scene.of("DmaBlocked")[0]?.reason).toBe(0x1c);
  });
});
