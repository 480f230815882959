import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { QemuError } from "../process.ts";
import type { Gdb } from "./gdb.ts";
import type { GuestMemory } from "./guest-memory.ts";
import type { Symbols } from "./kernel-symbols.ts";
import { symbolsInImage, symbolsInList } from "./kernel-symbols.ts";

/** The function of Linux that hands descriptors to the invalidation queue. */
export const submitFunction = "qi_submit_sync";
/** The function that is told of new mappings, also of those that need no invalidation. */
export const mapFunction = "intel_iommu_iotlb_sync_map";

const wanted = [submitFunction, mapFunction];
/** Bytes after the kernel's start that its tables of symbols lie in. */
const imageBytes = 96 << 20;

/**
 * Where a kernel starts once it is decompressed, as the header of its image says.
 *
 * @param file  a kernel in the form "bzImage" for x86-64.
 * @throws QemuError when it is something else or cannot be read.
 */
export function kernelStart(file: string): number {
  const header = Buffer.alloc(0x270);
  try {
    const opened = openSync(file, "r");
    try {
      readSync(opened, header, 0, header.length, 0);
    } finally {
      closeSync(opened);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : "cannot be read";
    throw new QemuError(`${file}: ${reason}`);
  }
  const isImage = header.toString("latin1", 0x202, 0x206) === "HdrS";
  // Version 2.12 of the boot protocol added the flag of a 64-bit entry.
  const is64 =
    isImage && header.readUInt16LE(0x206) >= 0x20c && (header.readUInt8(0x236) & 1) === 1;
  if (!is64) throw new QemuError(`${file}: is no bzImage of a Linux kernel for x86-64`);
  return Number(header.readBigUInt64LE(0x258));
}

/**
 * Runs a guest up to its kernel's first instruction and finds the kernel's functions.
 *
 * @param start  what `kernelStart` gives.
 * @param list  a file of symbols; those that the kernel carries in itself when missing.
 * @returns the addresses of `submitFunction` and, where it has it, of `mapFunction`.
 * @throws QemuError when the guest ends before that, or the function is not found.
 */
export async function findFunctions(
  gdb: Gdb,
  memory: GuestMemory,
  start: number,
  list: string | undefined,
): Promise<Symbols> {
  await gdb.setBreakpoint(BigInt(start));
  if ((await gdb.run()) === "ended") throw new QemuError("QEMU ended before the kernel started");
  await gdb.clearBreakpoint(BigInt(start));
  const symbols =
    list === undefined
      ? symbolsInImage(memory.read(start, imageBytes), wanted)
      : symbolsInList(readFileSync(list, "latin1"), wanted);
  if (symbols.has(submitFunction)) return symbols;
  const where = list ?? "the kernel";
  throw new QemuError(`${where} names no ${submitFunction} (--symbols gives a list of symbols)`);
}
