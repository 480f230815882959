import type { SourceId } from "../../events/address.ts";
import type { Input } from "../../events/input.ts";
import { at } from "../../events/registers/offset.ts";
import {
  booted,
  command,
  contextEntry,
  contextsOfAll,
  contextsOfDevice,
  iotlbOfAll,
  iotlbOfDomain,
  iotlbOfPage,
  leafEntry,
  memory,
  page,
  queueOn,
  reads,
  rootTable,
  srtp,
  submit,
  submitAt,
  tables,
  te,
  topTable,
  turnOn,
  waitStatus,
  width4,
  write,
  write8,
  writes,
} from "../../properties/examples/driver.ts";
import type { SmallCase } from "../select/case.ts";
import type { Part } from "./part.ts";
import { againstBug } from "./part.ts";

const done = waitStatus(0x1_6000n, 1);
const elsewhere = 0x9_0003n;
/** The pages after the first one, and the entries that map them. */
const next = (count: number): bigint => page + BigInt(count) * 4096n;
const entryOf = (count: number): bigint => leafEntry + BigInt(count) * 8n;
/** Tables of one page, translation and the queue on. */
const ready: Part = [booted, queueOn];
const changed = memory(leafEntry, elsewhere);

/** The context entry names other tables, in another domain. */
const otherTables: Part = [
  memory(0x1_0000n, 0x1_1003n),
  memory(0x1_1000n, 0x1_2003n),
  memory(0x1_2060n, 0x1_3003n),
  memory(0x1_3030n, elsewhere),
  memory(contextEntry, 0x1_0001n, width4(6)),
];

/** An entry changes and is announced, and a device asks before and after. */
const afterwards = (...announcing: readonly bigint[]): readonly Part[] => [
  ready,
  reads(page),
  changed,
  submit(...announcing, done),
  reads(page),
];

const announced: readonly SmallCase[] = [
  againstBug("iotlb-kept", "qemu-legacy", afterwards(iotlbOfPage(5, page))),
  againstBug("device-models-untold", "qemu-legacy", afterwards(iotlbOfDomain(5))),
  againstBug("function-mask", "qemu-legacy", [
    ready,
    reads(page),
    otherTables,
    submit(contextsOfDevice(5, 0x24, 1), iotlbOfAll, done),
    reads(page),
  ]),
  againstBug("domain-in-part", "qemu-legacy", [
    tables,
    memory(0x4008n, 0x5003n),
    turnOn,
    queueOn,
    reads(page + 0x4000_0000n),
    changed,
    submit(iotlbOfDomain(5), done),
    reads(page + 0x4000_0000n),
  ]),
  againstBug("mask-of-eight-bits", "qemu-legacy", [
    ready,
    memory(entryOf(300), 0x7003n),
    submit(iotlbOfAll, done),
    reads(next(300)),
    memory(entryOf(300), elsewhere),
    submitAt(32, iotlbOfPage(5, 0x180_0000n, 9), done),
    reads(next(300)),
  ]),
  againstBug("pending-too-wide", "qemu-legacy", [
    ready,
    memory(entryOf(1), 0x7003n),
    submit(iotlbOfPage(5, next(1)), done),
    reads(page),
    reads(next(1)),
    changed,
    memory(entryOf(1), 0x9_1003n),
    submitAt(32, iotlbOfPage(5, page), iotlbOfPage(5, next(1)), done),
    reads(next(1)),
    reads(page),
  ]),
  againstBug("function-mask-inverted", "qemu-legacy", [
    ready,
    reads(page),
    otherTables,
    submit(contextsOfDevice(5, 0x27, 3), iotlbOfAll, done),
    reads(page),
  ]),
  againstBug("width-of-virtual", "qemu-legacy", [
    ready,
    reads(page),
    // The same root for three levels.
    memory(contextEntry, topTable | 1n, (5n << 8n) | 1n),
    submit(contextsOfAll, iotlbOfAll, done),
    reads(page),
  ]),
  againstBug("cleared-context-kept", "qemu-legacy", [
    ready,
    reads(page),
    memory(contextEntry, 0n, 0n),
    submit(contextsOfAll, iotlbOfAll, done),
    reads(page),
  ]),
  againstBug("whole-table-skipped", "qemu-legacy", [
    ready,
    reads(page),
    memory(0x5060n, 0n),
    submit(iotlbOfAll, done),
    reads(page),
  ]),
];

/** A device's write that changes the entry of a page beside the one that it goes to. */
const writesEntry: Input = {
  ...{ type: "Dma", device: 0x20 as SourceId, iova: (page + 0x38n) as never, length: 8 },
  ...{ access: "write", bytes: Uint8Array.of(3, 0, 9, 0, 0, 0, 0, 0) },
};

const words: readonly SmallCase[] = [
  againstBug("table-written-by-device", "qemu-legacy", [
    ready,
    memory(leafEntry, 0x6003n),
    submit(iotlbOfAll, done),
    writesEntry,
    submitAt(32, iotlbOfAll, done),
    reads(next(1)),
  ]),
  againstBug("interrupt-range-in-block", "qemu-legacy", [
    tables,
    memory(0x5060n, 0xfee0_0083n),
    turnOn,
    reads(0x18c_0000n),
  ]),
  againstBug("interrupt-range-short", "qemu-legacy", [
    tables,
    memory(leafEntry, 0xfeef_f003n),
    turnOn,
    reads(page),
  ]),
  againstBug("record-of-result", "qemu-legacy", [
    tables,
    memory(leafEntry, 0x7001n),
    turnOn,
    writes(page),
  ]),
];

const registers: readonly SmallCase[] = [
  againstBug("byte-lanes", "qemu-legacy", [
    write(at.rtaddr, 0x1000n),
    write(at.rtaddr + 4, 1n),
    write(at.iqa + 4, 1n),
    write(at.iqa, 0x8000n),
  ]),
  againstBug("overflow-unasked", "qemu-legacy", [
    write8(at.rtaddr, rootTable),
    command(srtp),
    command(te),
    reads(page),
    reads(page, 0x10 as SourceId),
    write(at.fsts, 0x10n),
  ]),
  againstBug("root-pointer-and-iotlb", "everything", [
    booted,
    reads(page),
    changed,
    command(te | srtp),
    reads(page),
  ]),
];

/** Cases for seeded bugs about tables, what is cached of them, and registers. */
export const tableMistakes: readonly SmallCase[] = [...announced, ...words, ...registers];
