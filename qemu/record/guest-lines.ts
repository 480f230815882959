import { setTimeout as sleep } from "node:timers/promises";
import { parseJson } from "../../events/json.ts";
import { Cap, Ecap } from "../../events/registers/capability.ts";
import { ProgramError } from "../../target/program-error.ts";
import type { Gdb } from "./gdb.ts";
import { findFunctions, mapFunction } from "./kernel-start.ts";
import type { Counts } from "./recording-lines.ts";
import { lineSource, storeSource } from "./recording-lines.ts";

/** A guest that waits before its first instruction. */
export interface Start {
  readonly gdb: Gdb;
  readonly folder: string;
  /** A file of the kernel's symbols, if those in the kernel are not to be used to hold it. */
  readonly symbols: string | undefined;
  /** The first line of the recording. */
  readonly header: string;
  readonly counts: Counts;
}

/** Whether the unit has no caching mode (CAP.CM), or offers first-stage tables (ECAP.FLTS). */
function mapsSilently(header: string): boolean {
  const { cap, ecap } = parseJson(header) as { cap: string; ecap: string };
  return !Cap.decode(BigInt(cap)).cm || Ecap.decode(BigInt(ecap)).flts;
}

/** Runs a guest that is held for its memory before each invalidation. */
export async function* heldLines(start: Start): AsyncGenerator<readonly string[], void> {
  const { gdb, folder, symbols, header, counts } = start;
  const source = lineSource(folder, counts);
  try {
    source.skip();
    const isLate = (): boolean => counts.cut;
    const functions = await findFunctions(gdb, source.memory, symbols, isLate);
    if (source.hasStarted()) throw new ProgramError("the guest used the IOMMU before it was held");
    for (const [name, address] of functions) {
      if (name !== mapFunction || mapsSilently(header)) await gdb.setBreakpoint(address);
    }
    counts.phase = "recording";
    while (!counts.cut && (await gdb.run()) === "held") {
      // The stub answers once the devices are quiet.
      await gdb.programCounter();
      counts.stops += 1;
      yield source.next();
      if (counts.cut || (await gdb.pass()) === "ended") break;
    }
    yield source.next();
    if (counts.stops === 0) throw new ProgramError("the guest never used the IOMMU's queue");
  } finally {
    source.close();
  }
}

/** How long the trace grows before it is read. */
const readingMs = 50;

/** Runs a guest whose stores the plugin writes into the trace. */
export async function* storeLines(start: Start): AsyncGenerator<readonly string[], void> {
  const { gdb, folder, counts } = start;
  const source = storeSource(folder, counts);
  try {
    source.skip();
    let isOver = false;
    const run = gdb.run().finally(() => {
      isOver = true;
    });
    while (!isOver) {
      await Promise.race([run, sleep(readingMs)]);
      const lines = source.next();
      if (source.isOn()) counts.phase = "recording";
      yield lines;
    }
    await run;
    yield source.next();
    if (!source.isOn()) throw new ProgramError("the guest never turned the IOMMU on");
  } finally {
    source.close();
  }
}
