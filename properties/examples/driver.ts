import type { Gpa, Iova, SourceId } from "../../events/address.ts";
import type { Input, InputOf } from "../../events/input.ts";
import { masksOf } from "../../events/layout/layout.ts";
import { Gcmd } from "../../events/registers/command.ts";
import { at } from "../../events/registers/offset.ts";
import type { Inputs } from "./given.ts";
import { nvme } from "./unit.ts";

/** Bits of GCMD and GSTS. */
export const { te, srtp, wbf, qie, ire, sirtp, cfi } = masksOf(Gcmd);

/** Writes `size` bytes at an offset of the register page. */
export const write = (offset: number, value: bigint, size = 4): Input => ({
  type: "RegisterWrite",
  offset,
  size,
  value,
});
export const write8 = (offset: number, value: bigint): Input => write(offset, value, 8);
export const command = (bits: bigint): Input => write(at.gcmd, bits);

/** Words of 64 bits in guest memory, from an address on. */
export function memory(gpa: bigint, ...values: readonly bigint[]): InputOf<"MemoryWrite"> {
  const view = new DataView(new ArrayBuffer(8 * values.length));
  for (const [index, value] of values.entries()) view.setBigUint64(8 * index, value, true);
  return { type: "MemoryWrite", gpa: gpa as Gpa, bytes: new Uint8Array(view.buffer) };
}

/** Where the tables of `tables` lie, and the page that they map, to GPA 0x7000. */
export const rootTable = 0x1000n;
export const contextEntry = 0x2200n;
export const topTable = 0x3000n;
export const leafEntry = 0x6030n;
export const page = 0x1806000n;

/** Upper word of a context entry. */
export const width4 = (did: number): bigint => BigInt(did << 8) | 2n;

/** Root, context entry of 00:04.0 in domain 5 and four levels of tables for one page. */
export const tables: Inputs = [
  memory(rootTable, 0x2001n, 0n),
  memory(contextEntry, topTable | 1n, width4(5)),
  memory(topTable, 0x4003n),
  memory(0x4000n, 0x5003n),
  memory(0x5060n, 0x6003n),
  memory(leafEntry, 0x7003n),
];

/** RTADDR, SRTP and TE. */
export const turnOn: Inputs = [write8(at.rtaddr, rootTable), command(srtp), command(te)];

/** The tables are written and translation is on. */
export const booted: Inputs = [tables, turnOn];

/** IQA is the page at 0x8000: 256 descriptors of 16 bytes. */
export const queue = 0x8000n;
export const queueOn: Inputs = [write8(at.iqa, queue), command(te | qie)];

/** Puts descriptors into the queue from a byte offset on, and moves the tail behind them. */
export function submitAt(offset: number, ...descriptors: readonly bigint[]): Inputs {
  const words = descriptors.flatMap((one) => [BigInt.asUintN(64, one), one >> 64n]);
  const tail = BigInt(offset + descriptors.length * 16);
  return [memory(queue + BigInt(offset), ...words), write8(at.iqt, tail)];
}
export const submit = (...descriptors: readonly bigint[]): Inputs => submitAt(0, ...descriptors);

/** Descriptors. */
export const contextsOfAll = 0x11n;
export const iotlbOfAll = 0x12n;
export const iotlbOfDomain = (did: number): bigint => 0x22n | (BigInt(did) << 16n);
export const iotlbOfPage = (did: number, iova: bigint, am = 0): bigint =>
  0x32n | (BigInt(did) << 16n) | ((iova | BigInt(am)) << 64n);
export const contextsOfDevice = (did: number, sid: number, fm = 0): bigint =>
  0x31n | (BigInt(did) << 16n) | (BigInt(sid) << 32n) | (BigInt(fm) << 48n);
export const deviceTlbOf = (sid: number): bigint => 3n | (BigInt(sid) << 32n);
/** Writes `data` to the status word. */
export const waitStatus = (address: bigint, data: number): bigint =>
  0x25n | (BigInt(data) << 32n) | (address << 64n);
export const waitInterrupt = 0x15n;
export const waitNothing = 0x5n;

/** A DMA of 00:04.0. */
export const dma = (
  access: "read" | "write",
  iova: bigint,
  device: SourceId = nvme,
): InputOf<"Dma"> => ({ type: "Dma", device, iova: iova as Iova, access, length: 8 });
export const reads = (iova: bigint, device?: SourceId): Input => dma("read", iova, device);
export const writes = (iova: bigint, device?: SourceId): Input => dma("write", iova, device);

/** Changes of the P2M by the toolstack. */
export const unmap = (gpa: bigint, length: bigint): Input => ({
  type: "P2mUnmap",
  gpa: gpa as Gpa,
  length,
});
export const protect = (gpa: bigint, length: bigint, read: boolean, write: boolean): Input => ({
  type: "P2mProtect",
  gpa: gpa as Gpa,
  length,
  read,
  write,
});
