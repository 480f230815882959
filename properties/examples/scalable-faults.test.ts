// Length: one table of every reason, which is read as a whole.

import { describe, expect, test } from "vitest";
import { reason } from "../../events/fault/fault-reason.ts";
import { at } from "../../events/registers/offset.ts";
import { command, memory, protect, reads, srtp, te, unmap, write8 } from "./driver.ts";
import type { Inputs, Scene } from "./given.ts";
import { given } from "./given.ts";
import type { Rights } from "./scalable-driver.ts";
import {
  below,
  context,
  contextTable,
  data,
  firstStage,
  firstStageEntry,
  firstStageTables,
  gva,
  nestedEntry,
  pasidDirectory,
  pasidDma,
  pasidEntry,
  pasids,
  pasidTable,
  passThroughEntry,
  readsAs,
  scalableBooted,
  scalableOn,
  scalableRoot,
  scalableTables,
  scalableUnit,
  secondStage,
  secondStageEntry,
  slot,
  writesAs,
} from "./scalable-driver.ts";
import type { Changes } from "./unit.ts";
import { nvme, record } from "./unit.ts";

/** The tables with something changed before translation is on. */
const withChange = (change: Inputs, unit: Changes = {}): Scene =>
  given(scalableUnit(unit), scalableTables, change, scalableOn);

/** Why the one request of a scene is blocked, and that the record shows it; 0 when it lands. */
function faultOf(scene: Scene, ...request: readonly Inputs[]): number {
  const after = scene.when(...request);
  const [blocked] = after.of("DmaBlocked");
  const [recorded] = after.of("FaultRecorded");
  if (blocked === undefined) return 0;
  expect(recorded).toMatchObject({ reason: blocked.reason, source: nvme });
  expect(Number((after.register(record(0) + 8, 8) >> 32n) & 0xffn)).toBe(blocked.reason);
  return blocked.reason ?? -1;
}

const { firstStage: first, secondStage: second, nested, passThrough } = pasids;
const entryOf = (pasid: number): bigint => pasidTable + BigInt(pasid & 63) * 64n;
const l1 = slot(firstStage.l1, 1, gva);
const l2 = slot(firstStage.l2, 2, gva);
const l4 = slot(firstStage.l4, 4, gva);
const nestedTables = firstStageTables(below);
const as = (rights: Rights, access: "read" | "write" = "read"): Inputs =>
  pasidDma(access, gva, rights);

/** Each reason: the change, the request, and the unit where it is another. */
type Case = readonly [number, string, Inputs, Inputs, Changes?];

const nowhere = 0x9000_0000n;

const contexts: readonly Case[] = [
  [
    reason.scalableRootAccess,
    "the root table lies in no memory",
    unmap(0n, 0x20_0000n),
    as({ pasid: first }),
  ],
  [
    reason.scalableRootNotPresent,
    "the root entry's half is clear",
    memory(scalableRoot, 0n, 1n),
    as({ pasid: first }),
  ],
  [
    reason.scalableRootReserved,
    "bit 1 of the root entry",
    memory(scalableRoot, contextTable | 3n),
    as({ pasid: first }),
  ],
  [
    reason.scalableContextAccess,
    "the context table lies in no memory",
    memory(scalableRoot, nowhere | 1n),
    as({ pasid: first }),
  ],
  [
    reason.scalableContextNotPresent,
    "the context entry is clear",
    context({ present: false }),
    as({ pasid: first }),
  ],
  [
    reason.scalableContextReserved,
    "PRE without page requests",
    context({ pre: true }),
    as({ pasid: first }),
  ],
  [reason.pasidDisabled, "PASIDE is clear", context({ paside: false }), as({ pasid: first })],
  [
    reason.pasidBeyondDirectory,
    "PASID 0x2000 with 128 directory entries",
    [],
    as({ pasid: 0x2000 }),
  ],
  [
    reason.scalableContextInvalid,
    "RID_PASID 0x2000 with 128 directory entries",
    context({ ridPasid: 0x2000 }),
    reads(gva),
  ],
  [
    reason.scalableContextInvalid,
    "the same for a request with PASID",
    context({ ridPasid: 0x2000 }),
    as({ pasid: first }),
  ],
  [
    reason.pasidOfRequester,
    "the PASID is RID_PASID",
    context({ ridPasid: first }),
    as({ pasid: first }),
  ],
  [
    reason.pasidBeyondUnit,
    "a PASID of 14 bits where the unit has 13",
    context({ pdts: 1 }),
    as({ pasid: 0x2000 }),
    { ecap: { pss: 12 } },
  ],
  [
    reason.directoryAccess,
    "the directory lies in no memory",
    context({ pasiddirptr: nowhere }),
    as({ pasid: first }),
  ],
  [reason.directoryNotPresent, "the directory entry is clear", [], as({ pasid: 0x80 })],
  [
    reason.directoryReserved,
    "bit 2 of the directory entry",
    memory(pasidDirectory + 8n, pasidTable | 5n),
    as({ pasid: first }),
  ],
  [
    reason.pasidAccess,
    "the PASID table lies in no memory",
    memory(pasidDirectory + 8n, nowhere | 1n),
    as({ pasid: first }),
  ],
  [reason.pasidNotPresent, "the PASID entry is clear", [], as({ pasid: 0x40 })],
  [
    reason.pasidReserved,
    "bit 5 of the PASID entry",
    memory(entryOf(first), 0x61n),
    as({ pasid: first }),
  ],
  [
    reason.pasidInvalid,
    "PGTT 5",
    pasidEntry(first, firstStageEntry({ pgtt: 5 })),
    as({ pasid: first }),
  ],
  [
    reason.pasidInvalid,
    "nested without NEST",
    [],
    as({ pasid: nested }),
    { ecap: { nest: false } },
  ],
  [
    reason.pasidInvalid,
    "5 levels without FL5LP",
    pasidEntry(first, firstStageEntry({ fspm: 1 })),
    as({ pasid: first }),
    { cap: { fl5lp: false } },
  ],
  [reason.executeDisabled, "ERE is clear", [], as({ pasid: first, execute: true })],
  [reason.supervisorDisabled, "SRE is clear", [], as({ pasid: first, privileged: true })],
];

const xd = 1n << 63n;
const stages: readonly Case[] = [
  [
    reason.firstStageRoot,
    "the top table lies in no memory",
    pasidEntry(first, firstStageEntry({ fsptptr: nowhere })),
    as({ pasid: first }),
  ],
  [
    reason.firstStageAccess,
    "a lower table lies in no memory",
    memory(l4, nowhere | 7n),
    as({ pasid: first }),
  ],
  [reason.firstStageNotPresent, "the leaf is clear", memory(l1, 0n), as({ pasid: first })],
  [
    reason.firstStageReserved,
    "bit 7 at level 4",
    memory(l4, firstStage.l3 | 0x87n),
    as({ pasid: first }),
  ],
  [
    reason.firstStageReserved,
    "bit 63 without NXE",
    memory(l1, data | xd | 7n),
    as({ pasid: first }),
  ],
  [
    reason.supervisorPage,
    "U/S is 0 at level 2",
    memory(l2, firstStage.l1 | 3n),
    as({ pasid: first }),
  ],
  [
    reason.scalableWriteDenied,
    "R/W is 0 in the leaf",
    memory(l1, data | 5n),
    as({ pasid: first }, "write"),
  ],
  [
    reason.executeDenied,
    "bit 63 with NXE",
    [memory(l1, data | xd | 7n), pasidEntry(first, firstStageEntry({ nxe: true, ere: true }))],
    as({ pasid: first, execute: true }),
  ],
  [reason.nonCanonical, "bit 47 alone", [], readsAs(first, 1n << 47n)],
  [
    reason.scalableInterruptRange,
    "the leaf names the interrupt range",
    memory(l1, 0xfee0_0007n),
    as({ pasid: first }),
  ],
  [
    reason.scalableInterruptRange,
    "pass-through with PASID",
    [],
    readsAs(passThrough, 0xfee0_0000n),
  ],
  [reason.beyondHardware, "pass-through beyond the HAW", [], readsAs(passThrough, 1n << 40n)],
  [
    reason.accessedDirtyFailed,
    "the leaf's table is read-only in the P2M",
    protect(0n, 0x20_0000n, true, false),
    as({ pasid: first }),
  ],
  [
    reason.secondStageRoot,
    "the second stage's top table lies in no memory",
    pasidEntry(second, secondStageEntry({ ssptptr: nowhere })),
    readsAs(second, below),
  ],
  [
    reason.secondStageAccess,
    "a lower second-stage table lies in no memory",
    memory(slot(secondStage.l4, 4, below), nowhere | 3n),
    readsAs(second, below),
  ],
  [
    reason.secondStageDenied,
    "a page that nobody may use",
    memory(slot(secondStage.l1, 1, below), 0n),
    readsAs(second, below),
  ],
  [
    reason.scalableReadDenied,
    "a read of a write-only page",
    memory(slot(secondStage.l1, 1, below), 2n),
    readsAs(second, below),
  ],
  [
    reason.secondStageDenied,
    "a read of a page below a table that allows writes alone, and which allows reads alone",
    [
      memory(slot(secondStage.l4, 4, below), secondStage.l3 | 2n),
      memory(slot(secondStage.l1, 1, below), 1n),
    ],
    readsAs(second, below),
  ],
  [
    reason.secondStageReserved,
    "bit 11 without snoop control",
    memory(slot(secondStage.l1, 1, below), 0x803n),
    readsAs(second, below),
  ],
  [reason.secondStageBeyondWidth, "an address of 49 bits", [], readsAs(second, 1n << 48n)],
];

const under = (index: bigint): bigint => slot(secondStage.l1, 1, below + index * 0x1000n);
const nests: readonly Case[] = [
  [
    reason.pasidInvalid,
    "the top table is beyond the second stage",
    pasidEntry(nested, nestedEntry({ fsptptr: 1n << 49n })),
    as({ pasid: nested }),
  ],
  [
    reason.nestedRootRead,
    "the second stage does not map the top table",
    memory(under(0x20n), 0n),
    as({ pasid: nested }),
  ],
  [
    reason.nestedRead,
    "the second stage does not map a lower table",
    memory(under(0x21n), 0n),
    as({ pasid: nested }),
  ],
  [
    reason.nestedWrite,
    "the second stage maps a table read-only",
    memory(under(0x20n), 0x2_0001n),
    as({ pasid: nested }),
  ],
  [
    reason.secondStageReserved,
    "a reserved bit on the way to a table",
    memory(under(0x20n), 0x2_0803n),
    as({ pasid: nested }),
  ],
  [
    reason.secondStageDenied,
    "the second stage does not map the page",
    memory(under(7n), 0n),
    as({ pasid: nested }),
  ],
  [
    reason.scalableWriteDenied,
    "the second stage maps the page read-only",
    memory(under(7n), 0x7001n),
    as({ pasid: nested }, "write"),
  ],
  [
    reason.nestedBeyondWidth,
    "the page is beyond the second stage",
    memory(l1, (1n << 49n) | 7n),
    as({ pasid: nested }),
  ],
  [
    reason.scalableInterruptRange,
    "both stages lead to the interrupt range",
    memory(under(7n), 0xfee0_0003n),
    as({ pasid: nested }),
  ],
];

describe("scalable-mode faults", () => {
  for (const [code, what, change, request, changes] of [...contexts, ...stages]) {
    test(`[SM1] ${code.toString(16)}h: ${what}`, () => {
      expect(faultOf(withChange(change, changes), request)).toBe(code);
    });
  }

  for (const [code, what, change, request] of nests) {
    test(`[SM1] ${code.toString(16)}h, nested: ${what}`, () => {
      expect(faultOf(withChange([nestedTables, change]), request)).toBe(code);
    });
  }

  test("[SM1] 30h: the root pointer's mode is none that the unit has", () => {
    const setUp = [write8(at.rtaddr, scalableRoot | 0x800n), command(srtp), command(te)];
    expect(faultOf(given(scalableUnit(), scalableTables, setUp), reads(gva))).toBe(0x30);
  });

  test("[SM1] 31h: a request with PASID in legacy mode", () => {
    const setUp = [write8(at.rtaddr, scalableRoot), command(srtp), command(te)];
    const scene = given(scalableUnit(), scalableTables, setUp);
    expect(faultOf(scene, as({ pasid: first }))).toBe(reason.legacyPasid);
  });

  test("[SM2] without a change every kind of request lands", () => {
    const scene = given(scalableUnit(), scalableBooted);
    expect(faultOf(scene, as({ pasid: first }), as({ pasid: first }, "write"))).toBe(0);
    expect(faultOf(scene, readsAs(second, below), writesAs(second, below + 0x7000n))).toBe(0);
    expect(faultOf(scene, readsAs(passThrough, data))).toBe(0);
    expect(faultOf(scene, reads(below))).toBe(0);
    expect(
      faultOf(scene.when(nestedTables), as({ pasid: nested }), as({ pasid: nested }, "write")),
    ).toBe(0);
    const entry = passThroughEntry({ sre: true });
    const allowed = scene.when(pasidEntry(0x45, entry));
    expect(faultOf(allowed, pasidDma("read", data, { pasid: 0x45, privileged: true }))).toBe(0);
  });

  test("[SM3] a fault record shows PASID and rights", () => {
    const scene = given(scalableUnit(), scalableBooted).when(as({ pasid: first, execute: true }));
    const high = scene.register(record(0) + 8, 8);
    expect(Number((high >> 40n) & 0xfffffn)).toBe(first);
    expect([(high >> 30n) & 1n, (high >> 31n) & 1n]).toEqual([1n, 1n]);
  });

  test("[SM4] FPD of context, directory and PASID entry suppresses, also when not present", () => {
    const changes: readonly Inputs[] = [
      context({ fpd: true }),
      memory(pasidDirectory + 8n, pasidTable | 3n),
      memory(entryOf(0x40), 2n),
    ];
    for (const change of changes) {
      const scene = withChange(change).when(readsAs(0x40, gva));
      expect(scene.of("DmaBlocked")).toMatchObject([{ reason: reason.pasidNotPresent }]);
      expect(scene.of("FaultSuppressed")).toHaveLength(1);
    }
  });
});
