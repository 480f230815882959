import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { QemuBinary, Running } from "../process.ts";
import { deathOf, QemuError, startProgram } from "../process.ts";
import type { Gdb } from "./gdb.ts";
import { connectGdb } from "./gdb.ts";
import { openGrowingFile } from "./growing-file.ts";
import { openGuestMemory } from "./guest-memory.ts";
import { findFunctions, mapFunction } from "./kernel-start.ts";
import type { Machine } from "./machine.ts";
import { files, iommuDevice, kernelArguments, machineWords } from "./machine.ts";
import type { MemoryChange } from "./memory-changes.ts";
import { knowMemory } from "./memory-changes.ts";
import { collectTables } from "./table-collector.ts";
import { readTraceLine } from "./trace-line.ts";
import { trackPointers } from "./unit-pointers.ts";

/** What is recorded, and for how long. */
export interface RecordingPlan {
  readonly machine: Machine;
  /** What the recording is called, and what its guest is. */
  readonly name: string;
  readonly guest: string;
  /** A file of the kernel's symbols, if those in the kernel are not to be used. */
  readonly symbols: string | undefined;
  /** How long the guest may run. */
  readonly seconds: number;
}

/** How far a recording is. */
export interface Counts {
  phase: "booting" | "recording";
  stops: number;
  lines: number;
  dma: number;
  faults: number;
  interrupts: number;
  /** Whether the guest was ended by the limit of time. */
  cut: boolean;
}

/** Nothing recorded yet. */
export const noCounts = (): Counts => ({
  phase: "booting",
  stops: 0,
  lines: 0,
  dma: 0,
  faults: 0,
  interrupts: 0,
  cut: false,
});

const unitBase = 0xfed9_0000n;
const counted = { dma: "dma", fault: "faults", interrupt: "interrupts" } as const;

const lineOf = ({ gpa, bytes }: MemoryChange): string =>
  JSON.stringify({ mem: `0x${gpa.toString(16)}`, hex: bytes.toString("hex") });

/** Waits until QEMU listens. */
async function connected(path: string, running: Running): Promise<Gdb> {
  const socket = join(running.folder, files.stub);
  while (!existsSync(socket)) {
    if (running.hasEnded()) throw deathOf(path, running, await running.ended);
    await sleep(20);
  }
  return connectGdb(socket);
}

async function headerOf(gdb: Gdb, plan: RecordingPlan, binary: QemuBinary): Promise<string> {
  const word = async (offset: bigint, size: number): Promise<string> => {
    const bytes = await gdb.readPhysical(unitBase + offset, size);
    return `0x${BigInt(`0x${bytes.reverse().toString("hex")}`).toString(16)}`;
  };
  const { machine, name, guest } = plan;
  return JSON.stringify({
    recording: 1,
    meta: { name, guest, vmm: `QEMU ${binary.version} TCG` },
    ver: await word(0n, 4),
    cap: await word(8n, 8),
    ecap: await word(16n, 8),
    // A device behind a bridge has no slot of bus 0.
    devices: [iommuDevice(machine), ...machine.devices.filter((of) => !/,bus=/.test(of))],
    kernelArgs: kernelArguments(machine.append),
  });
}

/** Turns what QEMU traced and what memory holds into lines, from one stop to the next. */
function lineSource(folder: string, counts: Counts) {
  const trace = openGrowingFile(join(folder, files.trace));
  const memory = openGuestMemory(join(folder, files.memory));
  const tables = collectTables(knowMemory(memory));
  const tracker = trackPointers();
  let held: readonly string[] = [];
  const eventLines = (line: string): readonly string[] => {
    const record = readTraceLine(line);
    if (record === undefined) return [];
    const { event, text } = record;
    if (event.kind in counted) counts[counted[event.kind as keyof typeof counted]] += 1;
    if (event.kind !== "write") return [text];
    const { tail } = tracker.pointers();
    tracker.write(event.offset, event.size, event.value);
    const after = tracker.pointers();
    // What a new tail announces was written before it.
    return [...tables.queue(after, tail, after.tail).map(lineOf), text];
  };
  return {
    memory,
    /** Forgets what was traced before the guest ran. */
    skip: (): void => void trace.lines(),
    /** Whether the guest has written to the unit's registers. */
    hasStarted: (): boolean => {
      held = trace.lines();
      return held.some((line) => readTraceLine(line)?.event.kind === "write");
    },
    /** The lines since the last call. */
    next: (): readonly string[] => {
      const lines = [...held, ...trace.lines()].flatMap(eventLines);
      held = [];
      lines.push(...tables.tables(tracker.pointers()).map(lineOf));
      counts.lines += lines.length;
      return lines;
    },
    close: (): void => {
      trace.close();
      memory.close();
    },
  };
}

/** Whether the unit has no caching mode (CAP.CM), or offers first-stage tables (ECAP.FLTS). */
function mapsSilently(header: string): boolean {
  const { cap, ecap } = JSON.parse(header) as { cap: string; ecap: string };
  return ((BigInt(cap) >> 7n) & 1n) === 0n || ((BigInt(ecap) >> 47n) & 1n) === 1n;
}

/**
 * Boots a guest and records it until it ends.
 *
 * The CPU is held whenever the guest is about to hand an invalidation to the unit, and, where a
 * mapping need not be announced, after each mapping. What changed in memory meanwhile comes after
 * what the unit did meanwhile.
 *
 * @param counts  kept up to date.
 * @yields the lines of a recording, the first line alone first.
 * @throws QemuError when QEMU or its guest cannot be used. QEMU is gone and its files are removed
 *   whenever this ends.
 */
export async function* recordGuest(
  binary: QemuBinary,
  plan: RecordingPlan,
  counts: Counts,
  keep: (folder: string) => void = () => undefined,
): AsyncGenerator<readonly string[], void> {
  const running = await startProgram(binary.path, (folder) => machineWords(plan.machine, folder), {
    seconds: plan.seconds + 30,
  });
  const ends: (() => void)[] = [];
  try {
    const gdb = await connected(binary.path, running);
    ends.push(gdb.close);
    const source = lineSource(running.folder, counts);
    ends.push(source.close);
    const header = await headerOf(gdb, plan, binary);
    yield [header];
    source.skip();
    const limit = setTimeout(() => {
      counts.cut = true;
      gdb.interrupt();
    }, plan.seconds * 1000);
    ends.push(() => clearTimeout(limit));
    const isLate = (): boolean => counts.cut;
    const functions = await findFunctions(gdb, source.memory, plan.symbols, isLate);
    if (source.hasStarted()) throw new QemuError("the guest used the IOMMU before it was held");
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
    keep(running.folder);
    if (counts.stops === 0) throw new QemuError("the guest never used the IOMMU's queue");
  } finally {
    for (const end of ends.reverse()) end();
    await running.stop();
  }
}
