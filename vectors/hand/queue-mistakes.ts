import type { SourceId } from "../../events/address.ts";
import type { Input } from "../../events/input.ts";
import { Irta } from "../../events/registers/interrupt-table.ts";
import { at } from "../../events/registers/offset.ts";
import {
  command,
  contextEntry,
  ire,
  leafEntry,
  memory,
  page,
  qie,
  queue,
  sirtp,
  submit,
  tables,
  topTable,
  turnOn,
  waitNothing,
  waitStatus,
  width4,
  write8,
} from "../../properties/examples/driver.ts";
import { msiAddress, posting, remapped } from "../../properties/examples/interrupt-driver.ts";
import type { SmallCase } from "../select/case.ts";
import type { Part } from "./part.ts";
import { againstBug } from "./part.ts";

const status = 0x1_6000n;
const done = waitStatus(status, 1);
const queueOff: Part = [write8(at.iqa, queue), command(qie)];
const device = 0x20 as SourceId;

const waits: readonly SmallCase[] = [
  againstBug("fence-is-an-error", "qemu-legacy", [queueOff, submit(waitNothing, done)]),
  againstBug("pasid-cache-of-legacy", "hardware-2016", [queueOff, submit(0x7n, done)]),
  againstBug("status-address-low-bits", "qemu-legacy", [
    queueOff,
    submit(waitStatus(status | 3n, 0x1234_5678)),
  ]),
];

const table = 0x9000n;
/** A table of 2^(s+1) entries, and remapping on. */
const remapping = (s: number, eime = false, address = table): Part => [
  write8(at.irta, Irta.encode({ irta: address, s, eime })),
  command(sirtp),
  command(ire),
];
const entry = (index: number, word: bigint): Input =>
  memory(table + BigInt(16 * index), BigInt.asUintN(64, word), word >> 64n);
const sends = (address: bigint, source = 0x20, data = 0): Input => ({
  ...{ type: "MsiRequest", device: source as never, address, data },
});
const entriesOf = (index: number, am = 0): bigint =>
  0x14n | (BigInt(am) << 27n) | (BigInt(index) << 32n);
/** A present entry for a local APIC of 8 bits. */
const toLocal = (fields: Parameters<typeof remapped>[0] = {}): bigint =>
  remapped({ dst: 0x500, ...fields });
const changedTo = toLocal({ vector: 0x51 });

/** Entries change and are announced, and messages are sent before and after. */
const afterwards = (index: number, announcing: bigint): readonly Part[] => [
  entry(index, toLocal()),
  remapping(3),
  write8(at.iqa, queue),
  command(qie | ire),
  sends(msiAddress(index)),
  entry(index, changedTo),
  submit(announcing, done),
  sends(msiAddress(index)),
];

const interrupts: readonly SmallCase[] = [
  againstBug("interrupt-index-bound", "qemu-legacy", [
    entry(16, toLocal()),
    remapping(3),
    sends(msiAddress(16)),
  ]),
  againstBug("interrupt-table-of-one-page", "qemu-legacy", [
    entry(300, toLocal()),
    remapping(9),
    sends(msiAddress(300)),
  ]),
  againstBug("interrupt-bus-range", "everything", [
    // Buses 0 to 2, in either order.
    entry(2, toLocal({ svt: 2, sid: 0x0002 })),
    entry(3, toLocal({ svt: 2, sid: 0x0200 })),
    remapping(3),
    sends(msiAddress(2), 0x1c0),
    sends(msiAddress(3), 0x1c0),
  ]),
  againstBug("bus-range-as-source", "qemu-legacy", [
    entry(2, toLocal({ svt: 2, sid: 0x0000 })),
    remapping(3),
    sends(msiAddress(2)),
  ]),
  againstBug("interrupt-function-mask", "qemu-legacy", [
    entry(2, toLocal({ svt: 1, sq: 3, sid: 0x27 })),
    remapping(3),
    sends(msiAddress(2)),
  ]),
  againstBug("interrupt-entry-kept", "qemu-legacy", afterwards(2, entriesOf(2))),
  againstBug("interrupt-entry-mask", "qemu-legacy", afterwards(3, entriesOf(2, 1))),
  againstBug("interrupt-pointer-kept", "everything", [
    entry(2, toLocal()),
    remapping(3),
    sends(msiAddress(2)),
    memory(0xa020n, BigInt.asUintN(64, changedTo), changedTo >> 64n),
    write8(at.irta, Irta.encode({ irta: 0xa000n, s: 3 })),
    command(ire | sirtp),
    sends(msiAddress(2)),
  ]),
  againstBug("interrupt-compatibility", "everything", [
    write8(at.irta, Irta.encode({ irta: table, s: 3, eime: true })),
    command(sirtp),
    command(ire),
    command(ire | (1n << 23n)),
    sends(0xfee0_1000n, 0x20, 0x41),
  ]),
  againstBug("interrupt-check-order", "qemu-legacy", [
    entry(2, 1n << 24n),
    remapping(3),
    sends(msiAddress(2)),
  ]),
  againstBug("posting-unsupported", "qemu-legacy", [
    // What it names is no more than the destination of one that remaps.
    entry(2, posting({ pdaLow: 0x9000 >> 6 })),
    remapping(3),
    sends(msiAddress(2)),
  ]),
];

const translations: readonly SmallCase[] = [
  againstBug("read-only-given", "everything", [
    tables,
    memory(contextEntry, topTable | 5n, width4(5)),
    memory(leafEntry, 0x7001n),
    turnOn,
    { type: "AtsRequest", device, iova: page as never, access: "write" },
  ]),
];

/** Cases for seeded bugs about waits, interrupts and translation requests. */
export const queueMistakes: readonly SmallCase[] = [...waits, ...interrupts, ...translations];
