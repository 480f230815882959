import type { SourceId } from "../../events/address.ts";
import type { Input } from "../../events/input.ts";
import { PostedEntry, RemappedEntry } from "../../events/interrupt/interrupt-entry.ts";
import { RemappableAddress, RemappableRte } from "../../events/interrupt/interrupt-request.ts";
import { Irta } from "../../events/registers/interrupt-table.ts";
import { at } from "../../events/registers/offset.ts";
import { command, ire, memory, qie, queue, sirtp, submitAt, write8 } from "./driver.ts";
import type { Inputs } from "./given.ts";
import { nvme } from "./unit.ts";

/** Where the interrupt table and a posted descriptor lie. */
export const interruptTable = 0x10_0000n;
export const descriptor = 0x9040n;
/** Source-id of the IOAPIC. */
export const ioapic = 0xff00 as SourceId;

type Remapped = Parameters<typeof RemappedEntry.encode>[0];
type Posted = Parameters<typeof PostedEntry.encode>[0];

/** Writes an entry of 128 bits. */
export const entry = (index: number, word: bigint): Inputs =>
  memory(interruptTable + BigInt(16 * index), BigInt.asUintN(64, word), word >> 64n);

/** A present entry that remaps: vector 41h to APIC id 5, from anybody. */
export const remapped = (fields: Remapped = {}): bigint =>
  RemappedEntry.encode({ present: true, vector: 0x41, dst: 5, ...fields });

/** A present entry that posts vector 41h to the descriptor. */
export const posting = (fields: Posted = {}): bigint =>
  PostedEntry.encode({
    present: true,
    posted: true,
    vector: 0x41,
    pdaLow: Number(descriptor >> 6n),
    ...fields,
  });

/** IRTA with 2^(s+1) entries. */
export const pointAt = (s: number, eime = true, table = interruptTable): Inputs => [
  write8(at.irta, Irta.encode({ irta: table, eime, s })),
  command(sirtp),
];

/** Table of 16 entries with EIME, queue and remapping on. */
export const remapping: Inputs = [
  pointAt(3),
  write8(at.iqa, queue),
  command(qie),
  command(qie | ire),
];

/** The address of a remappable MSI. */
export const msiAddress = (handle: number, shv = false): bigint =>
  RemappableAddress.encode({
    prefix: 0xfee,
    format: true,
    handle: handle & 0x7fff,
    handleHigh: handle > 0x7fff,
    shv,
  });

/** A remappable MSI of 00:04.0. */
export const msi = (handle: number, device: SourceId = nvme): Input => ({
  type: "MsiRequest",
  device,
  address: msiAddress(handle),
  data: 0,
});

/** A remappable MSI with a sub-handle. */
export const subMsi = (handle: number, data: number): Input => ({
  type: "MsiRequest",
  device: nvme,
  address: msiAddress(handle, true),
  data,
});

/** An MSI of the compatibility format: vector 51h to APIC id 3. */
export const oldMsi: Input = {
  type: "MsiRequest",
  device: nvme,
  address: 0xfee0_3000n,
  data: 0x51,
};

/** A remappable request of the IOAPIC. */
export const pin = (index: number, extra = 0n): Input => ({
  type: "IoapicRequest",
  device: ioapic,
  rte:
    RemappableRte.encode({ format: true, index: index & 0x7fff, indexHigh: index > 0x7fff }) |
    extra,
});

/** Interrupt entry invalidations, from a byte offset in the queue on. */
export const forgetIndex = (index: number, mask = 0): bigint =>
  0x14n | (BigInt(mask) << 27n) | (BigInt(index) << 32n);
export const forgetAll = 4n;
export const announce = (slot: number, ...descriptors: readonly bigint[]): Inputs =>
  submitAt(slot * 16, ...descriptors);
