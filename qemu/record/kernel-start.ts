import { readFileSync } from "node:fs";
import { ProgramError } from "../../target/program-error.ts";
import type { Gdb } from "./gdb.ts";
import type { GuestMemory } from "./guest-memory.ts";
import type { Symbols } from "./kernel-symbols.ts";
import { symbolsInImage, symbolsInList } from "./kernel-symbols.ts";

/** The function of Linux that hands descriptors to the invalidation queue. */
export const submitFunction = "qi_submit_sync";
/** The function that is told of new mappings, also of those that need no invalidation. */
export const mapFunction = "intel_iommu_iotlb_sync_map";

const wanted = [submitFunction, mapFunction];
/** Linux executes its own code from here on; its decompressor runs far below. */
const kernelHalf = 0xffff_ffff_8000_0000n;
/** Without address randomisation the kernel lies in memory from here on. */
const [imageStart, imageBytes] = [0x100_0000, 128 << 20];
/** The kernel needs several times as long from its start to its first use of the IOMMU. */
const sliceMs = 50;

/**
 * Runs a guest until its kernel is decompressed and has started.
 *
 * @param isLate  whether there is no more time for it.
 * @throws ProgramError when the guest ends before, or it is too late.
 */
async function runToKernel(gdb: Gdb, isLate: () => boolean): Promise<void> {
  for (;;) {
    const slice = setTimeout(gdb.interrupt, sliceMs);
    const halt = await gdb.run();
    clearTimeout(slice);
    if (halt === "ended") throw new ProgramError("the guest ended before its kernel had started");
    if ((await gdb.programCounter()) >= kernelHalf) return;
    if (isLate()) throw new ProgramError("the kernel did not start within the time that was given");
  }
}

/** The wanted symbols of a file. */
function readList(file: string): Symbols {
  let text: string;
  try {
    text = readFileSync(file, "latin1");
  } catch (error) {
    throw new ProgramError(error instanceof Error ? error.message : `${file}: cannot be read`);
  }
  return symbolsInList(file, text, wanted);
}

/**
 * Runs a guest until its kernel has started, and finds the kernel's functions.
 *
 * @param list  a file of symbols; those that the kernel carries in itself when missing.
 * @param isLate  whether there is no more time for it.
 * @returns the addresses of `submitFunction` and, where it has it, of `mapFunction`.
 * @throws ProgramError when the guest ends before that, or the function is not found.
 */
export async function findFunctions(
  gdb: Gdb,
  memory: GuestMemory,
  list: string | undefined,
  isLate: () => boolean,
): Promise<Symbols> {
  const listed = list === undefined ? undefined : readList(list);
  await runToKernel(gdb, isLate);
  const symbols = listed ?? symbolsInImage(memory.read(imageStart, imageBytes), wanted);
  if (symbols.has(submitFunction)) return symbols;
  const where = list ?? "the kernel";
  throw new ProgramError(`${where} names no ${submitFunction} (--symbols gives a list of symbols)`);
}
