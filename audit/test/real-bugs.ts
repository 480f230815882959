// Length: one table of bugs that drivers had and have no more.

import type { Gpa, Iova } from "../../events/address.ts";
import type { Input } from "../../events/input.ts";
import {
  booted,
  contextEntry,
  contextsOfDevice,
  deviceTlbOf,
  iotlbOfDomain,
  iotlbOfPage,
  leafEntry,
  memory,
  page,
  queueOn,
  reads,
  tables,
  topTable,
  turnOn,
  waitStatus,
  width4,
  write8,
  writes,
} from "../../properties/examples/driver.ts";
import { entry, msi, remapped, remapping } from "../../properties/examples/interrupt-driver.ts";
import {
  pasidEntry,
  pasids,
  pasidTable,
  readsAs,
  scalableBooted,
  scalableUnit,
  secondStageEntry,
} from "../../properties/examples/scalable-driver.ts";
import {
  announce,
  onePasid,
  pasidIotlb,
  scalableQueue,
} from "../../properties/examples/scalable-queue.ts";
import { iotlb, iva, nvme, unit } from "../../properties/examples/unit.ts";
import type { MadeLog } from "./made-log.ts";
import { madeLog } from "./made-log.ts";
import type { WrongDriver } from "./wrong-drivers.ts";
import { did, iova, started } from "./wrong-drivers.ts";

/** A bug that was fixed: in which program, and by which change of it. */
export interface RealBug extends WrongDriver {
  readonly of: "Xen" | "Linux" | "seL4" | "EDK II";
  readonly fixedBy: string;
}

const wait = waitStatus(0x9000n, 1);
const leaf = (index: number): bigint => leafEntry + BigInt(index * 8);
const frame = (index: number): bigint => 0x2_0000n + BigInt(index * 4096);
const dropped = (index: number): Input => memory(leaf(index), 0n);
const coherent = unit();

/** Without a queue: the IOTLB registers, and page 0 mapped beside the others. */
const byRegisters = (): MadeLog =>
  madeLog()
    .add([tables, memory(0x5000n, 0xb003n), memory(0xb000n, 0x2_5003n), turnOn])
    .add(reads(0n))
    .add(memory(leafEntry, 0n))
    .add([write8(iva, page), write8(iotlb, flushOfPage)])
    .add(memory(0xb000n, 0n));
/** IVT, the granularity of pages, domain 5. */
const flushOfPage = (1n << 63n) | (3n << 60n) | (BigInt(did) << 32n);

const flush = (gpa: bigint): Input => ({ type: "CacheFlush", gpa: gpa as Gpa, length: 64n });
const allFlushed = [0x1000n, contextEntry, topTable, 0x4000n, 0x5060n, leafEntry].map(flush);
const snoopless = unit({ ecap: { c: false } });
const startedSnoopless = (): MadeLog =>
  madeLog()
    .add([tables, allFlushed, turnOn, queueOn])
    .submit([contextsOfDevice(did, nvme), iotlbOfDomain(did), wait]);

const ats = (address: bigint): Input => ({
  type: "AtsRequest",
  device: nvme,
  iova: address as Iova,
  access: "read",
});
const translated = (address: bigint): Input => ({
  ...{ type: "Dma", device: nvme, iova: address as Iova, access: "read", length: 8 },
  translated: true,
});
const answered: Input = { type: "DeviceTlbAnswer", device: nvme, result: "done" };
const withAts = (): MadeLog =>
  started()
    .add(memory(contextEntry, topTable | 5n, width4(did)))
    .submit([contextsOfDevice(did, nvme), iotlbOfDomain(did), wait])
    .add([ats(iova(2)), ats(iova(3))]);
/** Two pages from one that is even on, as S and the address say it. */
const twoOfDevice = deviceTlbOf(nvme) | (((iova(2) & ~0x1fffn) | 1n) << 64n);
const oneOfDevice = deviceTlbOf(nvme) | (iova(2) << 64n);

const inUse = (): MadeLog =>
  madeLog().add([scalableBooted, scalableQueue]).add(readsAs(pasids.secondStage, 0x4000_0000n));
const pasidAt = pasidTable + BigInt(pasids.secondStage & 63) * 64n;
const gone = [memory(pasidAt + 8n, 0n), memory(pasidAt, 0n)] as const;
const tellPasid = [
  announce(onePasid(2, pasids.secondStage)),
  announce(pasidIotlb(2, pasids.secondStage), 1),
];

/** Each of them is named, and the repaired driver is not. */
export const realBugs: readonly RealBug[] = [
  {
    of: "Xen",
    fixedBy: "c5c84e9766",
    does: "flushes the IOTLB of domain 0 for a new mapping, as is right for the context cache",
    ...{ rule: "wrong-domain", at: "flush", setup: coherent },
    wrong: () =>
      started()
        .add(memory(leaf(8), frame(8) | 3n))
        .submit([iotlbOfPage(0, iova(8)), wait], "flush")
        .add(writes(iova(8))),
    right: () =>
      started()
        .add(memory(leaf(8), frame(8) | 3n))
        .submit([iotlbOfPage(did, iova(8)), wait])
        .add(writes(iova(8))),
  },
  {
    of: "Xen",
    fixedBy: "fd3102e5d2",
    does: "asks for all of a domain by page 0 and a count of 0, which is an invalidation of page 0",
    ...{ rule: "range-too-narrow", at: "flush", setup: coherent },
    wrong: () =>
      started()
        .add(memory(leaf(0), 0n, 0n, 0n))
        .submit([iotlbOfPage(did, 0n), wait], "flush")
        .add(reads(iova(1))),
    right: () =>
      started()
        .add(memory(leaf(0), 0n, 0n, 0n))
        .submit([iotlbOfDomain(did), wait]),
  },
  {
    of: "Xen",
    fixedBy: "710942e57f",
    does: "does not write the address register for page 0, so that the page before is invalidated",
    ...{ rule: "range-too-narrow", at: "flush", setup: coherent },
    wrong: () => byRegisters().add(write8(iotlb, flushOfPage), "flush").add(reads(0n)),
    right: () => byRegisters().add([write8(iva, 0n), write8(iotlb, flushOfPage)]),
  },
  {
    of: "Xen",
    fixedBy: "85c72f9fe7 (XSA-78)",
    does: "clears one entry and skips the flush, as if nothing had been present",
    ...{ rule: "never-announced", at: "unmap", setup: coherent },
    wrong: () =>
      started()
        .add(reads(iova(1)))
        .add(dropped(1), "unmap")
        .add(reads(iova(1))),
    right: () =>
      started()
        .add(dropped(1))
        .submit([iotlbOfPage(did, iova(1)), wait]),
  },
  {
    of: "Xen",
    fixedBy: "d4619ab51e",
    does: "puts the byte address of a page where a descriptor has the number of the page",
    ...{ rule: "range-too-narrow", at: "flush", setup: coherent },
    wrong: () =>
      started()
        .add(dropped(1))
        .submit([iotlbOfPage(did, (iova(1) << 12n) & 0xffff_ffff_ffffn), wait], "flush")
        .add(writes(iova(1))),
    right: () =>
      started()
        .add(dropped(1))
        .submit([iotlbOfPage(did, iova(1)), wait]),
  },
  {
    of: "Xen",
    fixedBy: "9d64734955",
    does: "rounds the pages of a flush by a number that is no order any more",
    ...{ rule: "range-too-narrow", at: "flush", setup: coherent },
    wrong: () =>
      started(8)
        .add(memory(leaf(2), 0n, 0n, 0n, 0n))
        .submit([iotlbOfPage(did, iova(2), 1), wait], "flush")
        .add(reads(iova(5))),
    right: () =>
      started(8)
        .add(memory(leaf(2), 0n, 0n, 0n, 0n))
        .submit([iotlbOfPage(did, iova(2), 2), wait]),
  },
  {
    of: "Xen",
    fixedBy: "63cec00679 (XSA-49)",
    does: "leaves the source of an interrupt entry unverified for a device of a kind it knows",
    ...{ rule: "interrupt-source-unchecked", at: "use", setup: coherent },
    wrong: () => madeLog().add(remapping).add(entry(2, remapped())).add(msi(2), "use"),
    right: () =>
      madeLog()
        .add(remapping)
        .add(entry(2, remapped({ svt: 1, sid: nvme })))
        .add(msi(2)),
  },
  {
    of: "Xen",
    fixedBy: "c23274fd04 (XSA-321)",
    does: "changes an entry of tables that the unit shares and does not write it back",
    ...{ rule: "not-written-back", at: "write", setup: snoopless },
    wrong: () =>
      startedSnoopless()
        .add(memory(leaf(0), frame(5) | 3n), "write")
        .submit([iotlbOfPage(did, page), wait]),
    right: () =>
      startedSnoopless()
        .add([memory(leaf(0), frame(5) | 3n), flush(leaf(0))])
        .submit([iotlbOfPage(did, page), wait]),
  },
  {
    of: "Xen",
    fixedBy: "b6d9398144 (XSA-321)",
    does: "writes back one line of entries that lie in two, as their first is not aligned to one",
    ...{ rule: "not-written-back", at: "write", setup: snoopless },
    wrong: () =>
      startedSnoopless()
        .add(memory(leaf(1), frame(1) | 3n, frame(2) | 3n), "write")
        .add(flush(leaf(1) & ~63n))
        .submit([iotlbOfDomain(did), wait]),
    right: () =>
      startedSnoopless()
        .add(memory(leaf(1), frame(1) | 3n, frame(2) | 3n))
        .add([flush(leaf(1) & ~63n), flush(leaf(2))])
        .submit([iotlbOfDomain(did), wait]),
  },
  {
    of: "Xen",
    fixedBy: "fd33987ba2",
    does: "tells a device of one page though two were unmapped",
    ...{ rule: "device-tlb-not-told", at: "flush", setup: coherent },
    wrong: () =>
      withAts()
        .add(memory(leaf(2), 0n, 0n))
        .submit([iotlbOfPage(did, iova(2), 1), oneOfDevice, wait], "flush")
        .add([answered, translated(iova(3))]),
    right: () =>
      withAts()
        .add(memory(leaf(2), 0n, 0n))
        .submit([iotlbOfPage(did, iova(2), 1), twoOfDevice, wait])
        .add(answered),
  },
  {
    of: "Xen",
    fixedBy: "5777a3742d (XSA-346)",
    does: "lets a page go while the flush of where it was is put off",
    ...{ rule: "page-reused-too-early", at: "reuse", setup: coherent },
    wrong: () =>
      started()
        .add([dropped(1), memory(frame(1), 1n)], "reuse")
        .submit([iotlbOfDomain(did), wait]),
    right: () =>
      started()
        .add(dropped(1))
        .submit([iotlbOfDomain(did), wait])
        .add(memory(frame(1), 1n)),
  },
  {
    of: "Xen",
    fixedBy: "dea460d869 (XSA-346)",
    does: "frees the page that another one displaced before the one flush for both",
    ...{ rule: "page-reused-too-early", at: "reuse", setup: coherent },
    wrong: () =>
      started()
        .add([memory(leaf(1), frame(9) | 3n), memory(frame(1), 1n)], "reuse")
        .submit([iotlbOfPage(did, iova(1)), wait]),
    right: () =>
      started()
        .add(memory(leaf(1), frame(9) | 3n))
        .submit([iotlbOfPage(did, iova(1)), wait])
        .add(memory(frame(1), 1n)),
  },
  {
    of: "Linux",
    fixedBy: "d2138abc8f0a (stable)",
    does: "takes a context entry apart while it is present",
    ...{ rule: "entry-torn", at: "first", setup: coherent },
    wrong: () =>
      started()
        .add(memory(contextEntry + 8n, 0n), "first")
        .add(memory(contextEntry, 0n))
        .submit([contextsOfDevice(did, nvme), iotlbOfDomain(did), wait]),
    right: () =>
      started()
        .add(memory(contextEntry, topTable))
        .submit([contextsOfDevice(did, nvme), iotlbOfDomain(did), wait])
        .add(memory(contextEntry, 0n, 0n)),
  },
  {
    of: "Linux",
    fixedBy: "821807c167b7 (stable)",
    does: "takes a PASID entry apart while it is present",
    ...{ rule: "entry-torn", at: "first", setup: scalableUnit() },
    wrong: () => inUse().add(gone[0], "first").add([gone[1], tellPasid]),
    right: () =>
      inUse()
        .add(pasidEntry(pasids.secondStage, { ...secondStageEntry(), present: false }))
        .add([tellPasid, gone]),
  },
  {
    of: "seL4",
    fixedBy: "pull request 1729",
    does: "maps a page and invalidates nothing, with caching mode",
    ...{ rule: "never-announced", at: "map", setup: coherent },
    wrong: () =>
      started()
        .add(memory(leaf(8), frame(8) | 3n), "map")
        .add(writes(iova(8))),
    right: () =>
      started()
        .add(memory(leaf(8), frame(8) | 3n))
        .submit([iotlbOfPage(did, iova(8)), wait])
        .add(writes(iova(8))),
  },
  {
    of: "EDK II",
    fixedBy: "Bugzilla 1547",
    does: "changes a context entry and invalidates neither its cache nor the IOTLB",
    ...{ rule: "never-announced", at: "change", setup: coherent },
    wrong: () =>
      madeLog()
        .add([booted, queueOn])
        .add(memory(contextEntry, 0n, 0n), "change")
        .add(reads(page)),
    right: () =>
      madeLog()
        .add([booted, queueOn])
        .add(memory(contextEntry, 0n, 0n))
        .submit([contextsOfDevice(did, nvme), iotlbOfDomain(did), wait]),
  },
];
