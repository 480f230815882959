import { describe, expect, test } from "vitest";
import { faultReasons } from "../../events/fault/fault-reason.ts";
import { at } from "../../events/registers/offset.ts";
import { memory, write8 } from "./driver.ts";
import { faultCases, faultOf, noPage, reads } from "./extended-cases.ts";
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
import { hostBase, nvme } from "./unit.ts";

const landed = (scene: Scene) => scene.of("DmaLanded").map(({ gpa, hpa }) => ({ gpa, hpa }));
const to = (gpa: bigint) => [{ gpa, hpa: hostBase + gpa }];

describe("faults of version 2.x", () => {
  const plain = reads({}, below + data);

  test.each(faultCases)("[EC56] %s", (_name, change, request, code) => {
    expect(faultOf(change, request)).toBe(code);
  });

  test("[EC95] each reason that these formats have is raised by one of them", () => {
    const raised = new Set(faultCases.map(([, , , code]) => code));
    const known = [...faultReasons.keys()].filter((code) => code < 0x20 || code === 0x30);
    expect(known.filter((code) => !raised.has(code))).toEqual([]);
    expect(raised.size).toBe(known.length);
  });

  test("[EC57] a write that the first stage does not allow is 5h", () => {
    const writes = pasidDma("write", gva, { pasid: own });
    expect(faultOf(memory(slot(firstStage.l1, 1, gva), data | 5n), writes)).toBe(0x5);
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
    expect(with_(pasidEntry(own, { flptptr: 1n << 62n }))).toBe(0x4);
    expect(with_(context({ ...nestedFields, pasidptr: 1n << 62n }))).toBe(0x4);
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

  test.each([0, 1, 2, 3, 4, 5, 6, 7])("[EC59] memory type %i of PAT has three bits", (type) => {
    const request = reads({}, below + data);
    expect(faultOf(context({ pat: 8 * 16 ** type }), request)).toBe(0xb);
    expect(faultOf(context({ pat: 7 * 16 ** type }), request)).toBeUndefined();
    expect(faultOf(context({ pat: 8 * 16 ** type, paside: false }), request)).toBeUndefined();
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

  test.each([
    ["a unit of legacy mode", {}],
    ["one with scalable mode", { smts: true, ssts: true, flts: true }],
  ])("[EC94] RTT in %s is latched, and every request faults with 30h", (_name, fields) => {
    const ecap = { ecs: false, mts: false, ...fields };
    const start = given(extendedUnit({ ecap }), extendedTables, extendedOn);
    expect(start.register(at.rtaddr, 8)).toBe(scalableRoot | 0x800n);
    const scene = start.when(plain, reads({ pasid: own }), reads({}, noPage));
    expect(scene.of("DmaBlocked").map(({ reason: code }) => code)).toEqual([0x30, 0x30, 0x30]);
  });
});
