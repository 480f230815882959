import type { Input } from "../../events/input.ts";
import { Irta } from "../../events/registers/interrupt-table.ts";
import { at } from "../../events/registers/offset.ts";
import {
  command,
  contextEntry,
  ire,
  memory,
  page,
  reads,
  rootTable,
  sirtp,
  srtp,
  te,
  width4,
  write8,
} from "../../properties/examples/driver.ts";
import { msiAddress, posting, remapped } from "../../properties/examples/interrupt-driver.ts";
import type { SmallCase } from "../select/case.ts";
import type { Part } from "./part.ts";
import { againstBug, byHand } from "./part.ts";

const table = 0x9000n;
/** Beyond the first 2 GiB and before 4 GiB there is no memory. */
const nowhere = 0xc000_0000n;

/** A table of 16 entries, without EIME, and remapping on. */
const remapping = (address = table): Part => [
  write8(at.irta, Irta.encode({ irta: address, s: 3 })),
  command(sirtp),
  command(ire),
];
const entry = (index: number, word: bigint): Input =>
  memory(table + BigInt(16 * index), BigInt.asUintN(64, word), word >> 64n);
const sends = (address: bigint, data = 0): Input => ({
  ...{ type: "MsiRequest", device: 0x20 as never, address, data },
});
const { pdaHigh, pdaLow } = { pdaHigh: 0, pdaLow: Number(nowhere >> 6n) };

const interrupts: readonly SmallCase[] = [
  byHand("IN4", "qemu-legacy", [
    entry(5, remapped({ vector: 0x45, dst: 0x500 })),
    remapping(),
    sends(msiAddress(2, true), 3),
  ]),
  againstBug("destination-by-capability", "everything", [
    entry(5, remapped({ vector: 0x45, dst: 0x500 })),
    remapping(),
    sends(msiAddress(5)),
  ]),
  byHand("IB22 (suppressed)", "qemu-legacy", [entry(2, 2n), remapping(), sends(msiAddress(2))]),
  byHand("IB23", "qemu-legacy", [remapping(nowhere), sends(msiAddress(2))]),
  byHand("IB27", "everything", [
    entry(2, posting({ pdaLow, pdaHigh })),
    remapping(),
    sends(msiAddress(2)),
  ]),
  byHand("PI3 (urgent)", "everything", [
    // Notifications are suppressed by SN, bit 257.
    memory(0x9040n + 0x1000n, 0n, 0n, 0n, 0n, 2n, 0n, 0n, 0n),
    entry(2, posting({ pdaLow: Number((0x9040n + 0x1000n) >> 6n), urg: true })),
    entry(3, posting({ pdaLow: Number((0x9040n + 0x1000n) >> 6n), vector: 0x43 })),
    remapping(),
    sends(msiAddress(3)),
    sends(msiAddress(2)),
  ]),
];

const other = 0x3_0000n;

const pointers: readonly SmallCase[] = [
  byHand("GC6", "everything", [
    memory(rootTable, 0x2001n, 0n),
    memory(contextEntry, 9n, width4(5)),
    memory(other, 0n, 0n),
    write8(at.rtaddr, rootTable),
    command(srtp),
    command(te),
    reads(page),
    write8(at.rtaddr, other),
    command(te | srtp),
    reads(page),
  ]),
  byHand("GC7", "qemu-scalable", [
    write8(at.rtaddr, rootTable | 0xc00n),
    command(srtp),
    command(te),
    reads(page),
  ]),
];

/** Interrupts, and root pointers. */
export const interruptsByHand: readonly SmallCase[] = [...interrupts, ...pointers];
