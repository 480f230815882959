import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { at } from "../../events/registers/offset.ts";
import type { Running } from "../../target/process.ts";
import { deathOf, startProgram } from "../../target/process.ts";
import { ProgramError } from "../../target/program-error.ts";
import type { QemuBinary } from "../binary.ts";

import { unitBase } from "../qtest/machine.ts";
import type { Gdb } from "./gdb.ts";
import { connectGdb, StubClosedError } from "./gdb.ts";
import { heldLines, storeLines } from "./guest-lines.ts";
import type { Machine } from "./machine.ts";
import { commandLine, files, iommuDevice, machineWords } from "./machine.ts";
import type { Counts } from "./recording-lines.ts";

/** What is recorded, and for how long. */
export interface RecordingPlan {
  readonly machine: Machine;
  /** What the recording is called, and what its guest is. */
  readonly name: string;
  readonly guest: string;
  /** The file of the plugin that sees each store; without it the guest is held for its memory. */
  readonly plugin: string | undefined;
  /** Whether the guest is held all the same; the plugin's lines are then in the trace alone. */
  readonly isHeld?: true;
  /** A file of the kernel's symbols, if those in the kernel are not to be used to hold it. */
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
    ...(machine.kernel !== undefined && { kernelArgs: commandLine(machine) }),
  });
}

/** What QEMU said when it ended by itself, in place of the connection that it closed. */
async function explained(error: unknown, path: string, running: Running): Promise<unknown> {
  if (!(error instanceof StubClosedError)) return error;
  const how = await Promise.race([running.ended, sleep(graceMs, undefined, { ref: false })]);
  return how === undefined ? error : deathOf(path, running, how);
}

/** QEMU ends well when its guest does. */
async function checkDeath(path: string, running: Running, { cut }: Counts): Promise<void> {
  if (cut) return;
  const how = await Promise.race([running.ended, sleep(graceMs, undefined, { ref: false })]);
  if (how !== undefined && how !== "exit code 0") throw deathOf(path, running, how);
}

/** Looks how the guest ended: in a panic, or without its last words. */
function checkEnding(folder: string, { lastWords }: RecordingPlan, counts: Counts): void {
  const text = readFileSync(join(folder, files.console), "latin1");
  counts.panic = /Kernel panic - not syncing: [^\r\n]*/.exec(text)?.[0];
  if (counts.cut || lastWords === undefined || text.includes(lastWords)) return;
  const why = counts.panic ?? "--keep-trace keeps its console";
  throw new ProgramError(`the guest ended before its work was done: ${why}`);
}

/**
 * Boots a guest and records it until it ends.
 *
 * With the plugin each store to a table stands where it happened. Without it the CPU is held
 * whenever the guest is about to hand an invalidation to the unit, and, where a mapping need not be
 * announced, after each mapping; what changed in memory meanwhile comes after what the unit did
 * meanwhile.
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
  const words = (folder: string): readonly string[] =>
    machineWords(plan.machine, folder, plan.plugin);
  const running = await startProgram(binary.path, words, { seconds: plan.seconds + 30 });
  const ends: (() => void)[] = [];
  try {
    const gdb = await connected(binary.path, running);
    ends.push(gdb.close);
    const header = await headerOf(gdb, plan, binary);
    yield [header];
    const limit = setTimeout(() => {
      counts.cut = true;
      gdb.interrupt();
    }, plan.seconds * 1000);
    ends.push(() => clearTimeout(limit));
    const { folder } = running;
    const isHeld = plan.plugin === undefined || plan.isHeld === true;
    const lines = isHeld ? heldLines : storeLines;
    yield* lines({ gdb, folder, symbols: plan.symbols, header, counts });
    await checkDeath(binary.path, running, counts);
    checkEnding(folder, plan, counts);
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
