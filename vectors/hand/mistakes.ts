import type { SourceId } from "../../events/address.ts";
import { at } from "../../events/registers/offset.ts";
import {
  command,
  contextEntry,
  iotlbOfPage,
  leafEntry,
  memory,
  page,
  qie,
  queue,
  queueOn,
  reads,
  rootTable,
  submit,
  submitAt,
  topTable,
  turnOn,
  waitInterrupt,
  waitStatus,
  width4,
  write,
  write8,
  writes,
} from "../../properties/examples/driver.ts";
import type { SmallCase } from "../select/case.ts";
import type { Part } from "./part.ts";
import { againstBug } from "./part.ts";

/** Tables for one page, with the top and the lowest entry as given, and translation on. */
const tables = (top: bigint, leaf: bigint): Part => [
  memory(rootTable, 0x2001n, 0n),
  memory(contextEntry, topTable | 1n, width4(5)),
  memory(topTable, top),
  memory(0x4000n, 0x5003n),
  memory(0x5060n, 0x6003n),
  memory(leafEntry, leaf),
  turnOn,
];
const linked = 0x4003n;
const queueOff: Part = [write8(at.iqa, queue), command(qie)];
const done = waitStatus(0x1_6000n, 1);
/** The pages after the first one, and the entries that map them. */
const next = (count: number): bigint => page + BigInt(count) * 4096n;
const entryOf = (count: number): bigint => leafEntry + BigInt(count) * 8n;

/** Cases for seeded bugs that no case of a rule finds. */
export const mistakesByHand: readonly SmallCase[] = [
  againstBug("upper-permission", "qemu-legacy", [
    tables(0x4002n, 0x7003n),
    writes(page),
    reads(page),
  ]),
  againstBug("upper-not-present", "qemu-legacy", [tables(0x4000n, 0x7003n), writes(page)]),
  againstBug("interrupt-range", "qemu-legacy", [tables(linked, 0xfee0_0003n), reads(page)]),
  againstBug("torn-word", "qemu-legacy", [
    tables(linked, 0x7003n),
    queueOn,
    reads(page),
    memory(leafEntry, 0x1_0000_7003n),
    submit(iotlbOfPage(5, page), done),
    writes(page),
  ]),
  againstBug("mask-unaligned", "qemu-legacy", [
    tables(linked, 0x7003n),
    memory(entryOf(1), 0x8_0003n),
    queueOn,
    writes(page),
    writes(next(1)),
    memory(leafEntry, 0x9_0003n),
    memory(entryOf(1), 0x9_1003n),
    // Two pages, named by the second.
    submit(iotlbOfPage(5, next(1), 1), done),
    writes(page),
    writes(next(1)),
  ]),
  againstBug("work-after-wait", "qemu-legacy", [
    tables(linked, 0x7003n),
    queueOn,
    writes(page),
    memory(leafEntry, 0x9_0003n),
    // For leaves alone (IH).
    submit(iotlbOfPage(5, page) | (1n << 70n), done),
    writes(page),
  ]),
  againstBug("type-of-four-bits", "hardware-2016", [queueOff, submit(0x211n, done)]),
  againstBug("tail-beyond-end", "qemu-legacy", [queueOff, write8(at.iqt, 0x1000n)]),
  againstBug("overflow-forgotten", "qemu-legacy", [
    turnOn,
    reads(page),
    reads(page, 0x10 as SourceId),
    write8(at.iqa, queue),
    write8(0x228, 1n << 63n),
    reads(page, 0x24 as SourceId),
    write(at.fsts, 1n),
    reads(page, 0x24 as SourceId),
  ]),
  againstBug("event-again", "hardware-2016", [
    write(at.fedata, 0x41n),
    write(at.feaddr, 0xfee0_1000n),
    write(at.fectl, 0n),
    turnOn,
    reads(page),
    reads(page, 0x10 as SourceId),
  ]),
  againstBug("event-address", "hardware-2016", [
    write(at.fedata, 0x41n),
    write(at.feaddr, 0xfee0_1000n),
    write(at.feuaddr, 0x5n),
    write(at.fectl, 0n),
    turnOn,
    reads(page),
  ]),
  againstBug("completion-again", "hardware-2016", [
    write(at.iedata, 0x41n),
    write(at.ieaddr, 0xfee0_1000n),
    write(at.iectl, 0n),
    queueOff,
    submit(waitInterrupt),
    submitAt(16, waitInterrupt),
  ]),
  againstBug("errors-together", "everything", [
    queueOff,
    submit(0x7fn),
    { type: "DeviceTlbAnswer", device: 0x20 as SourceId, result: "done" },
    write(at.fsts, 0x10n),
    write(at.fsts, 0x20n),
  ]),
  againstBug("record-cleared-by-any-write", "hardware-2016", [
    turnOn,
    reads(page),
    write8(0x408, 0n),
  ]),
];
