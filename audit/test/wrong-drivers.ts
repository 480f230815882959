// Length: one table of the wrong drivers, each beside the driver that does it right.

import type { Gpa, Iova, SourceId } from "../../events/address.ts";
import type { Input } from "../../events/input.ts";
import type { Setup } from "../../events/setup.ts";
import {
  booted,
  contextEntry,
  contextsOfDevice,
  deviceTlbOf,
  iotlbOfAll,
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
  writes,
} from "../../properties/examples/driver.ts";
import type { Inputs } from "../../properties/examples/given.ts";
import type { Changes } from "../../properties/examples/unit.ts";
import { nvme, unit } from "../../properties/examples/unit.ts";
import type { RuleId } from "../rule.ts";
import type { MadeLog } from "./made-log.ts";
import { madeLog } from "./made-log.ts";

/** A driver that does something wrong, and the same driver that does it right. */
export interface WrongDriver {
  readonly does: string;
  readonly rule: RuleId;
  /** The name of the step that the finding is of. */
  readonly at: string;
  readonly setup: Setup;
  readonly wrong: () => MadeLog;
  readonly right: () => MadeLog;
  /** What the finding says, in part. */
  readonly says?: string;
}

export const did = 5;
const wait = waitStatus(0x9000n, 1);
const leaf = (index: number): bigint => leafEntry + BigInt(index * 8);
export const iova = (index: number): bigint => page + BigInt(index * 4096);
/** The first page is mapped before, to the same. */
const frame = (index: number): bigint => (index === 0 ? 0x7000n : 0x2_0000n + BigInt(index * 4096));
const readWrite = 3n;

/** Some pages from `page` on are mapped, and that is announced. */
export const started = (pages = 4): MadeLog =>
  madeLog()
    .add([booted, queueOn])
    .add(Array.from({ length: pages }, (_, at) => memory(leaf(at), frame(at) | readWrite)))
    .submit([iotlbOfDomain(did), wait]);

const unmap = (index: number): Inputs => memory(leaf(index), 0n);
const map = (index: number, to: number): Inputs => memory(leaf(index), frame(to) | readWrite);

const coherent = unit();
const ats = (access: "read" | "write", address: bigint): Input => ({
  type: "AtsRequest",
  device: nvme,
  iova: address as Iova,
  access,
});
const translated = (access: "read" | "write", address: bigint): Input => ({
  type: "Dma",
  device: nvme,
  iova: address as Iova,
  access,
  length: 8,
  translated: true,
});
const answered: Input = { type: "DeviceTlbAnswer", device: nvme, result: "done" };
const flush = (gpa: bigint): Input => ({ type: "CacheFlush", gpa: gpa as Gpa, length: 64n });

/** The unit whose walks do not snoop. */
const incoherent: Changes = { ecap: { c: false } };
const flushAll: Inputs = [0x1000n, contextEntry, topTable, 0x4000n, 0x5060n, leafEntry].map(flush);
const startedIncoherent = (): MadeLog =>
  madeLog()
    .add([tables, flushAll, turnOn, queueOn])
    .submit([contextsOfDevice(did, nvme), iotlbOfDomain(did), wait]);

const other = 0x28 as SourceId;

/** The nine mistakes that go unnoticed the most, and some more. */
export const wrongDrivers: readonly WrongDriver[] = [
  {
    does: "never announces an unmapping",
    rule: "never-announced",
    at: "unmap",
    setup: coherent,
    wrong: () =>
      started()
        .add(reads(iova(1)))
        .add(unmap(1), "unmap")
        .add(reads(iova(1))),
    right: () =>
      started()
        .add(reads(iova(1)))
        .add(unmap(1))
        .submit([iotlbOfPage(did, iova(1)), wait]),
  },
  {
    does: "never announces a new mapping, with caching mode",
    rule: "never-announced",
    at: "map",
    setup: coherent,
    wrong: () =>
      started()
        .add(map(8, 8), "map")
        .add(writes(iova(8))),
    right: () =>
      started()
        .add(map(8, 8))
        .submit([iotlbOfPage(did, iova(8)), wait])
        .add(writes(iova(8))),
  },
  {
    does: "maps an IOVA for another page before it flushed the old one",
    rule: "announced-too-late",
    at: "use",
    setup: coherent,
    wrong: () =>
      started()
        .add(writes(iova(1)))
        .add(unmap(1))
        .add(map(1, 9))
        .add(writes(iova(1)), "use")
        .submit([iotlbOfPage(did, iova(1)), wait]),
    right: () =>
      started()
        .add(writes(iova(1)))
        .add(unmap(1))
        .submit([iotlbOfPage(did, iova(1)), wait])
        .add(map(1, 9))
        .submit([iotlbOfPage(did, iova(1)), wait])
        .add(writes(iova(1))),
  },
  {
    does: "gives a page to somebody else before its flush",
    rule: "page-reused-too-early",
    at: "reuse",
    setup: coherent,
    wrong: () =>
      started()
        .add(unmap(1))
        .add(memory(frame(1), 0x1234n), "reuse")
        .submit([iotlbOfPage(did, iova(1)), wait]),
    right: () =>
      started()
        .add(unmap(1))
        .submit([iotlbOfPage(did, iova(1)), wait])
        .add(memory(frame(1), 0x1234n)),
  },
  {
    does: "invalidates fewer pages than it unmapped",
    rule: "range-too-narrow",
    at: "flush",
    says: "covers 0x1806000 to 0x1807fff of domain 5; this page is 0x1808000",
    setup: coherent,
    wrong: () =>
      started()
        .add(memory(leaf(0), 0n, 0n, 0n))
        .submit([iotlbOfPage(did, iova(0), 1), wait], "flush")
        .add(reads(iova(2))),
    right: () =>
      started()
        .add(memory(leaf(0), 0n, 0n, 0n))
        .submit([iotlbOfPage(did, iova(0), 1), iotlbOfPage(did, iova(2)), wait]),
  },
  {
    does: "aligns the range of an invalidation wrong",
    rule: "range-too-narrow",
    at: "flush",
    says: "this page is 0x1808000",
    setup: coherent,
    wrong: () =>
      started()
        .add(memory(leaf(1), 0n, 0n))
        .submit([iotlbOfPage(did, iova(1), 1), wait], "flush")
        .add(writes(iova(2))),
    right: () =>
      started()
        .add(memory(leaf(1), 0n, 0n))
        .submit([iotlbOfPage(did, iova(1), 2), iotlbOfPage(did, iova(2), 2), wait]),
  },
  {
    does: "invalidates another domain",
    rule: "wrong-domain",
    at: "flush",
    says: "of domain 6; this page is 0x1807000 of domain 5",
    setup: coherent,
    wrong: () =>
      started()
        .add(unmap(1))
        .submit([iotlbOfPage(6, iova(1)), wait], "flush")
        .add(reads(iova(1))),
    right: () =>
      started()
        .add(unmap(1))
        .submit([iotlbOfPage(did, iova(1)), wait]),
  },
  {
    does: "invalidates leaves alone after it freed a table",
    rule: "upper-entry-left",
    at: "flush",
    setup: coherent,
    wrong: () =>
      started()
        .add(memory(0x5060n, 0n))
        .submit([iotlbOfPage(did, page, 9) | (1n << 70n), wait], "flush"),
    right: () =>
      started()
        .add(memory(0x5060n, 0n))
        .submit([iotlbOfPage(did, page, 9), wait]),
  },
  {
    does: "does not tell the device's own TLB",
    rule: "device-tlb-not-told",
    at: "flush",
    setup: coherent,
    wrong: () =>
      withAts()
        .add(unmap(1))
        .submit([iotlbOfPage(did, iova(1)), wait], "flush")
        .add(translated("read", iova(1))),
    right: () =>
      withAts()
        .add(unmap(1))
        .submit([iotlbOfPage(did, iova(1)), deviceTlbOf(nvme) | (iova(1) << 64n), wait])
        .add(answered),
  },
  {
    does: "tells the device's TLB before the IOTLB",
    rule: "device-tlb-before-iotlb",
    at: "device",
    setup: coherent,
    wrong: () =>
      withAts()
        .add(unmap(1))
        .submit([deviceTlbOf(nvme) | (iova(1) << 64n)], "device")
        .add(answered)
        .submit([iotlbOfPage(did, iova(1)), wait]),
    right: () =>
      withAts()
        .add(unmap(1))
        .submit([iotlbOfPage(did, iova(1)), deviceTlbOf(nvme) | (iova(1) << 64n), wait])
        .add(answered),
  },
  {
    does: "does not write an entry back where walks do not snoop",
    rule: "not-written-back",
    at: "unmap",
    setup: unit(incoherent),
    wrong: () =>
      startedIncoherent()
        .add(unmap(0), "unmap")
        .submit([iotlbOfPage(did, page), wait]),
    right: () =>
      startedIncoherent()
        .add([unmap(0), flush(leafEntry)])
        .submit([iotlbOfPage(did, page), wait]),
  },
  {
    does: "waits before the work",
    rule: "wait-before-work",
    at: "flush",
    setup: coherent,
    wrong: () =>
      started()
        .add(unmap(1))
        .submit([wait, iotlbOfPage(did, iova(1))], "flush")
        .add(map(1, 9)),
    right: () =>
      started()
        .add(unmap(1))
        .submit([iotlbOfPage(did, iova(1)), wait])
        .add(map(1, 9)),
  },
  {
    does: "changes a context entry and forgets the IOTLB",
    rule: "context-without-iotlb",
    at: "flush",
    setup: coherent,
    wrong: () =>
      started()
        .add(memory(contextEntry, 0n, 0n))
        .submit([contextsOfDevice(did, nvme), wait], "flush"),
    right: () =>
      started()
        .add(memory(contextEntry, 0n, 0n))
        .submit([contextsOfDevice(did, nvme), iotlbOfDomain(did), wait]),
  },
  {
    does: "invalidates the IOTLB before the context cache",
    rule: "iotlb-before-context",
    at: "flush",
    setup: coherent,
    wrong: () =>
      started()
        .add(memory(contextEntry, 0n, 0n))
        .submit([iotlbOfDomain(did), contextsOfDevice(did, nvme), wait], "flush"),
    right: () =>
      started()
        .add(memory(contextEntry, 0n, 0n))
        .submit([contextsOfDevice(did, nvme), iotlbOfDomain(did), wait]),
  },
  {
    does: "names another device after it changed a context entry",
    rule: "wrong-source",
    at: "flush",
    setup: coherent,
    wrong: () =>
      started()
        .add(memory(contextEntry, 0n, 0n))
        .submit([contextsOfDevice(did, other), iotlbOfDomain(did), wait], "flush")
        .add(reads(iova(1))),
    right: () =>
      started()
        .add(memory(contextEntry, 0n, 0n))
        .submit([contextsOfDevice(did, nvme), iotlbOfDomain(did), wait]),
  },
  {
    does: "invalidates the context cache after it unmapped a page",
    rule: "wrong-cache",
    at: "flush",
    setup: coherent,
    wrong: () =>
      started()
        .add(unmap(1))
        .submit([contextsOfDevice(did, nvme), wait], "flush")
        .add(reads(iova(1))),
    right: () =>
      started()
        .add(unmap(1))
        .submit([iotlbOfPage(did, iova(1)), wait]),
  },
  {
    does: "changes a context entry in halves",
    rule: "entry-torn",
    at: "first",
    setup: coherent,
    wrong: () =>
      started()
        .add(memory(contextEntry, 0xa000n | 1n), "first")
        .add(memory(contextEntry + 8n, width4(7)))
        .submit([contextsOfDevice(did, nvme), iotlbOfAll, wait]),
    right: () =>
      started()
        .add(memory(contextEntry, 0n))
        .submit([contextsOfDevice(did, nvme), iotlbOfDomain(did), wait])
        .add(memory(contextEntry + 8n, width4(7)))
        .add(memory(contextEntry, 0xa000n | 1n))
        .submit([contextsOfDevice(7, nvme), contextsOfDevice(0, nvme), iotlbOfAll, wait]),
  },
  {
    does: "links a table before it cleared it",
    rule: "linked-before-filled",
    at: "link",
    setup: coherent,
    wrong: () =>
      started()
        .add(memory(0xb000n, 0x7003n))
        .add(memory(0x5068n, 0xb003n), "link")
        .add(memory(0xb000n, 0n))
        .submit([iotlbOfDomain(did), wait]),
    right: () =>
      started()
        .add(memory(0xb000n, 0x7003n))
        .add(memory(0xb000n, 0n))
        .add(memory(0x5068n, 0xb003n))
        .submit([iotlbOfDomain(did), wait]),
  },
  {
    does: "maps its own tables for the device",
    rule: "tables-in-reach",
    at: "write",
    setup: coherent,
    wrong: () =>
      started()
        .add(memory(leaf(8), 0x6000n | readWrite))
        .submit([iotlbOfPage(did, iova(8)), wait])
        .add(writes(iova(8) + 0x800n), "write"),
    right: () =>
      started()
        .add(memory(leaf(8), 0x7000n | readWrite))
        .submit([iotlbOfPage(did, iova(8)), wait])
        .add(writes(iova(8) + 0x800n)),
  },
  {
    does: "sets a reserved bit of an entry",
    rule: "reserved-bits",
    at: "use",
    setup: coherent,
    wrong: () =>
      started()
        .add(memory(leaf(8), (1n << 51n) | readWrite))
        .submit([iotlbOfPage(did, iova(8)), wait])
        .add(reads(iova(8)), "use"),
    right: () =>
      started()
        .add(map(8, 8))
        .submit([iotlbOfPage(did, iova(8)), wait])
        .add(reads(iova(8))),
  },
  {
    does: "submits a descriptor that does not exist",
    rule: "queue-error",
    at: "tail",
    setup: coherent,
    wrong: () => started().submit([0xfn], "tail"),
    right: () => started().submit([wait]),
  },
];

/** A device with a TLB of its own that holds the page that is unmapped. */
function withAts(): MadeLog {
  return started()
    .add(memory(contextEntry, topTable | 5n, width4(did)))
    .submit([contextsOfDevice(did, nvme), iotlbOfDomain(did), wait])
    .add(ats("read", iova(1)));
}
