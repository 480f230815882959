import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseJson } from "../../events/json.ts";
import { Cap, Ecap } from "../../events/registers/capability.ts";
import { at } from "../../events/registers/offset.ts";
import type { Running } from "../../target/process.ts";
import { deathOf, startProgram } from "../../target/process.ts";
import { ProgramError } from "../../target/program-error.ts";
import type { QemuBinary } from "../binary.ts";

import { unitBase } from "../qtest/machine.ts";
import type { Gdb } from "./gdb.ts";
import { connectGdb, StubClosedError } from "./gdb.ts";
import { findFunctions, mapFunction } from "./kernel-start.ts";
import type { Machine } from "./machine.ts";
import { files, iommuDevice, kernelArguments, machineWords } from "./machine.ts";
import type { Counts } from "./recording-lines.ts";
import { lineSource } from "./recording-lines.ts";

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
  /** What the guest's console shows once it has done its work, if that is known. */
  readonly lastWords?: string;
}

/** How long QEMU may take to end once its connection is closed. */
const graceMs = 2000;
/** Connects to QEMU's gdb stub as soon as it listens. */
async function connected(path: string, running: Running): Promise<Gdb> {
  const socket = join(running.folder, files.stub);
  for (;;) {
    if (running.hasEnded()) throw deathOf(path, running, await running.ended);
    const gdb = existsSync(socket) ? await connectGdb(socket).catch(() => undefined) : undefined;
    if (gdb !== undefined) return gdb;
    await sleep(20);
  }
}

async function headerOf(gdb: Gdb, plan: RecordingPlan, binary: QemuBinary): Promise<string> {
  const word = async (offset: number, size: number): Promise<string> => {
    const bytes = await gdb.readPhysical(unitBase + BigInt(offset), size);
    return `0x${BigInt(`0x${bytes.reverse().toString("hex")}`).toString(16)}`;
  };
  const { machine, name, guest } = plan;
  return JSON.stringify({
    recording: 1,
    meta: { name, guest, vmm: `QEMU ${binary.version} TCG` },
    ver: await word(at.ver, 4),
    cap: await word(at.cap, 8),
    ecap: await word(at.ecap, 8),
    // A device behind a bridge has no slot of bus 0.
    devices: [iommuDevice(machine), ...machine.devices.filter((of) => !/,bus=/.test(of))],
    kernelArgs: kernelArguments(machine.append),
  });
}

/** Whether the unit has no caching mode (CAP.CM), or offers first-stage tables (ECAP.FLTS). */
function mapsSilently(header: string): boolean {
  const { cap, ecap } = parseJson(header) as { cap: string; ecap: string };
  return !Cap.decode(BigInt(cap)).cm || Ecap.decode(BigInt(ecap)).flts;
}

/** What QEMU said when it ended by itself, in place of the connection that it closed. */
async function explained(error: unknown, path: string, running: Running): Promise<unknown> {
  if (!(error instanceof StubClosedError)) return error;
  const how = await Promise.race([running.ended, sleep(graceMs, undefined, { ref: false })]);
  return how === undefined ? error : deathOf(path, running, how);
}

/** Looks how the guest ended: in a panic, without its last words, or without use of the IOMMU. */
function checkEnding(folder: string, { lastWords }: RecordingPlan, counts: Counts): void {
  const text = readFileSync(join(folder, files.console), "latin1");
  counts.panic = /Kernel panic - not syncing: [^\r\n]*/.exec(text)?.[0];
  if (counts.stops === 0) throw new ProgramError("the guest never used the IOMMU's queue");
  if (counts.cut || lastWords === undefined || text.includes(lastWords)) return;
  const why = counts.panic ?? "--keep-trace keeps its console";
  throw new ProgramError(`the guest ended before its work was done: ${why}`);
}

/**
 * Boots a guest and records it until it ends.
 *
 * The CPU is held whenever the guest is about to hand an invalidation to the unit, and, where a
 * mapping need not be announced, after each mapping. What changed in memory meanwhile comes after
 * what the unit did meanwhile.
 *
 * @param counts  kept up to date.
 * @param keep  told of the folder with QEMU's trace and the guest's console before it is removed.
 * @yields the lines of a recording, the first line alone first.
 * @throws ProgramError when QEMU or its guest cannot be used. QEMU is gone and its files are
 *   removed whenever this ends.
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
    checkEnding(running.folder, plan, counts);
  } catch (error) {
    throw await explained(error, binary.path, running);
  } finally {
    for (const end of ends.reverse()) end();
    try {
      keep(running.folder);
    } finally {
      await running.stop();
    }
  }
}
