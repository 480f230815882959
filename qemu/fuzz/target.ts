import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { formatSourceId } from "../../events/address.ts";
import { onAbort } from "../../target/connection/connection.ts";
import type { Running } from "../../target/process.ts";
import { deathOf, startProgram } from "../../target/process.ts";
import { ProgramError } from "../../target/program-error.ts";
import type { EndSignal, Target, TargetPlan } from "../../target/target.ts";
import type { QemuBinary } from "../binary.ts";
import type { QtestClient } from "../qtest/client.ts";
import { connectTo, numberOf, qtestClient, readCommand } from "../qtest/client.ts";
import {
  eduDevices,
  files,
  firmware,
  qemuWords,
  readId,
  setUpDevices,
  unitBase,
} from "../qtest/machine.ts";
import { connectMonitor } from "../qtest/qmp.ts";
import type { UnitProfile } from "../unit-options.ts";
import { unitOptionsOf } from "../unit-options.ts";
import { planOf } from "./plan.ts";
import { follow, performPlan } from "./session.ts";

/** How long a target lives at most, in seconds. */
const lifetime = 4 * 3600;

/** What to start as a target that speaks qtest. */
interface Start {
  readonly path: string;
  /** Its arguments, given the folder of its sockets and files. */
  readonly words: (folder: string) => readonly string[];
  readonly name: string;
}

const planOfStart = (start: Start): TargetPlan => ({
  name: start.name,
  lanes: 4,
  fit: (inputs) => planOf(inputs).steps.map(({ input }) => input),
  start: ({ end } = {}) => startTarget(start, end),
});

/** A program of somebody else's that a shell starts: where its files are to be is in variables. */
export const shellPlan = (command: string): TargetPlan =>
  planOfStart({
    path: "/bin/sh",
    words: (folder) => {
      writeFileSync(join(folder, files.firmware), firmware());
      const variables = {
        QTEST_SOCKET: files.qtest,
        QMP_SOCKET: files.monitor,
        FIRMWARE: files.firmware,
        TRACE: files.log,
      };
      const set = Object.entries(variables).map(
        ([name, file]) => `${name}='${join(folder, file)}'`,
      );
      return ["-c", `export ${set.join(" ")}; ${command}`];
    },
    name: command,
  });

/** A QEMU whose unit is what a profile says. @throws ProgramError when it cannot be. */
export function qemuPlan(binary: QemuBinary, profile: UnitProfile): TargetPlan {
  const unitOptions = unitOptionsOf(binary, profile);
  return planOfStart({
    path: binary.path,
    words: (folder) => qemuWords(folder, unitOptions),
    name: `QEMU ${binary.version}`,
  });
}

/** Puts the name of a target before an error, or how it ended in place of what followed from it. */
async function named<T>(work: Promise<T>, { name }: Start, running: Running): Promise<T> {
  try {
    return await work;
  } catch (error) {
    await Promise.race([running.ended, wait(500)]);
    if (!running.hasEnded()) {
      throw error instanceof ProgramError ? new ProgramError(`${name}: ${error.message}`) : error;
    }
    throw deathOf(name, running, await running.ended);
  }
}

/** Vendor and device id of `edu`. */
const eduId = 0x11e8_1234n;

/** @throws ProgramError when a device is not where the programs need it. */
async function checkDevices(client: QtestClient): Promise<void> {
  await client.exchange(setUpDevices);
  for (const { bdf } of eduDevices) {
    const answers = await client.exchange(readId(bdf));
    if (numberOf(answers.at(-1)) === eduId) continue;
    throw new ProgramError(`has no edu device at ${formatSourceId(bdf)} (docs/qemu.md)`);
  }
}

/**
 * Starts a target.
 *
 * @param end  ends it at any time.
 * @throws ProgramError when it does not start.
 */
async function startTarget(plan: Start, end: EndSignal | undefined): Promise<Target> {
  const { path, words, name } = plan;
  const running = await startProgram(path, words, { seconds: lifetime });
  const release = onAbort(end, () => running.stop());
  const about = <T>(work: Promise<T>): Promise<T> => named(work, plan, running);
  try {
    const at = (file: string): string => join(running.folder, file);
    const client = qtestClient(await about(connectTo(at(files.qtest), running.hasEnded)));
    const monitor = await about(connectMonitor(at(files.monitor), running.hasEnded));
    const [ver, cap, ecap] = await about(
      client.exchange([
        readCommand(unitBase, 4),
        readCommand(unitBase + 8n, 8),
        readCommand(unitBase + 16n, 8),
      ]),
    );
    await about(checkDevices(client));
    const traceSince = follow(at(files.log));
    const session = { running, client, reset: monitor.reset };
    const capabilities = { ver: numberOf(ver), cap: numberOf(cap), ecap: numberOf(ecap) };
    return {
      words: { name, ...capabilities },
      can: new Set(["interrupts"] as const),
      perform: (steps) => about(performPlan(session, planOf(steps), traceSince)),
      stop: async () => {
        release();
        client.close();
        monitor.close();
        await running.stop();
      },
    };
  } catch (error) {
    release();
    await running.stop();
    throw error;
  }
}
