import { closeSync, existsSync, openSync, readSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { ProfileWords } from "../../events/profile.ts";
import type { QemuBinary, Running } from "../process.ts";
import { deathOf, QemuError, startProgram } from "../process.ts";
import type { QtestClient } from "../qtest/client.ts";
import {
  bytesIn,
  connectTo,
  fillCommand,
  numberOf,
  qtestClient,
  readBytesCommand,
  readCommand,
  writeBytesCommand,
  writeCommand,
} from "../qtest/client.ts";
import {
  bufferBytes,
  eduDevices,
  files,
  firmware,
  isRam,
  pollDma,
  qemuWords,
  setUpDevices,
  startDma,
  unitBase,
} from "../qtest/machine.ts";
import { connectMonitor } from "../qtest/qmp.ts";
import { readTrace } from "./observation.ts";
import type { Plan } from "./plan.ts";
import type { Sight } from "./sight.ts";
import { memoryBytes, registerBytes } from "./sight.ts";

/** A program that can be given plans, one after another. */
export interface Target {
  readonly words: ProfileWords;
  /** @throws QemuError when it ends or does not answer. */
  readonly perform: (plan: Plan) => Promise<Sight>;
  readonly stop: () => Promise<void>;
}

const staging = 0x10_0000n;

interface Session {
  readonly running: Running;
  readonly client: QtestClient;
  readonly reset: () => Promise<void>;
}

const mark = (index: number): string => writeCommand(unitBase, 4, BigInt(index));
const lookAtRegisters = readBytesCommand(unitBase, registerBytes);

async function waitFor(client: QtestClient, device: (typeof eduDevices)[number]): Promise<void> {
  for (let polls = 0; polls < 20_000; polls++) {
    const [answer] = await client.exchange([pollDma(device)]);
    if ((numberOf(answer) & 1n) === 0n) return;
  }
  throw new QemuError("a device's DMA does not end");
}

/** Moves a whole buffer between a device and the staging page while nothing is translated. */
async function moveBuffer(client: QtestClient, index: number, access: "read" | "write") {
  const device = eduDevices[index];
  if (device === undefined) return;
  const whole = { iova: staging, offset: 0, length: bufferBytes, access };
  await client.exchange(startDma(device, whole));
  await waitFor(client, device);
}

/** Puts machine, memory and devices into the state that every plan starts from. */
async function prepare({ client, reset }: Session, { buffers }: Plan): Promise<void> {
  await reset();
  const fills = [
    ...[0n, 0x20_0000n, 0x40_0000n, 0x4000_0000n, 0x4000_5000n].map((at) => [at, memoryBytes]),
    ...[0x1_0000_0000n, 0x1_0020_0000n].map((at) => [at, 0x1_0000]),
  ] as const;
  const clear = fills.map(([at, bytes]) => fillCommand(BigInt(at ?? 0), Number(bytes), 0));
  await client.exchange([...setUpDevices, ...clear]);
  for (const [index, bytes] of buffers) {
    await client.exchange([writeBytesCommand(staging, bytes)]);
    await moveBuffer(client, index, "read");
  }
  await client.exchange([fillCommand(staging, bufferBytes, 0)]);
}

/** What the trace says of each step, by the marks between them. */
function splitTrace(text: string, count: number): readonly (readonly string[])[] {
  const parts = Array.from({ length: count }, (): string[] => []);
  let at = -1;
  for (const line of text.split("\n")) {
    const [, value] = /^vtd_reg_write addr 0x0 size 0x4 value (0x[0-9a-f]+)/.exec(line) ?? [];
    if (value !== undefined) at = Number(value);
    else if (!line.startsWith("vtd_reg_write") && line !== "") parts[at]?.push(line);
  }
  return parts;
}

/** Reads what was added to a file since it was read last; nothing if there is no such file. */
function follow(path: string): () => string | undefined {
  let position = 0;
  return () => {
    if (!existsSync(path)) return undefined;
    const file = openSync(path, "r");
    try {
      const buffer = Buffer.alloc(1 << 16);
      let text = "";
      for (;;) {
        const count = readSync(file, buffer, 0, buffer.length, position);
        if (count === 0) return text;
        position += count;
        text += buffer.toString("latin1", 0, count);
      }
    } finally {
      closeSync(file);
    }
  };
}

/** Commands that take away what a plan may have left beyond the memory that is cleared. */
function clearing({ steps }: Plan, traces: readonly (readonly string[])[]): string[] {
  return steps.flatMap(({ input }, index) => {
    if (input.type === "MemoryWrite") {
      const { gpa, bytes } = input;
      return gpa < BigInt(memoryBytes) ? [] : [fillCommand(gpa, bytes.length, 0)];
    }
    if (input.type !== "Dma" || input.access !== "write") return [];
    const { translated = input.iova } = readTrace(traces[index] ?? [], input.iova);
    const places = [...new Set([translated, input.iova])].filter((at) => isRam(at, 16));
    return places.map((at) => fillCommand(at, 16, 0));
  });
}

async function performPlan(
  session: Session,
  plan: Plan,
  traceSince: () => string | undefined,
): Promise<Sight> {
  const { client } = session;
  traceSince();
  await prepare(session, plan);
  traceSince();
  const seen: { registers: Uint8Array; answer: string }[] = [];
  let commands: string[] = [];
  let ends: number[] = [];
  const send = async (): Promise<void> => {
    const answers = await client.exchange(commands);
    for (const end of ends) {
      seen.push({ registers: bytesIn(answers[end]), answer: answers[end - 1] ?? "" });
    }
    commands = [];
    ends = [];
  };
  for (const [index, step] of plan.steps.entries()) {
    commands.push(mark(index), ...step.commands);
    if (step.waits !== undefined) {
      await send();
      await waitFor(client, step.waits);
    }
    ends.push(commands.length);
    commands.push(lookAtRegisters);
  }
  commands.push(mark(plan.steps.length));
  await send();
  const trace = traceSince();
  const traces = splitTrace(trace ?? "", plan.steps.length);
  // Translation off, so that the devices can be asked what they read.
  const [answer] = await client.exchange([
    readBytesCommand(0n, memoryBytes),
    writeCommand(unitBase + 0x18n, 4, 0n),
  ]);
  const memory = bytesIn(answer);
  await client.exchange(clearing(plan, traces));
  const buffers = new Map<number, Uint8Array>();
  for (const index of plan.buffers.keys()) {
    await moveBuffer(client, index, "write");
    const [bytes] = await client.exchange([readBytesCommand(staging, bufferBytes)]);
    buffers.set(index, bytesIn(bytes));
  }
  return {
    seen: seen.map((each, index) => ({
      ...each,
      trace: traces[index] ?? [],
      isTraced: trace !== undefined,
    })),
    buffers,
    memory,
  };
}

/** How long a target lives at most, in seconds. */
const lifetime = 4 * 3600;

/** What to start as a target. */
export interface TargetPlan {
  readonly path: string;
  /** Its arguments, given the folder of its sockets and files. */
  readonly words: (folder: string) => readonly string[];
  readonly name: string;
  readonly env?: (folder: string) => Readonly<Record<string, string>>;
}

/** A program of somebody else's that a shell starts: where its files are to be is in variables. */
export const shellPlan = (command: string): TargetPlan => ({
  path: "/bin/sh",
  words: (folder) => {
    writeFileSync(join(folder, files.firmware), firmware());
    const variables = {
      QTEST_SOCKET: files.qtest,
      QMP_SOCKET: files.monitor,
      FIRMWARE: files.firmware,
      TRACE: files.log,
    };
    const set = Object.entries(variables).map(([name, file]) => `${name}='${join(folder, file)}'`);
    return ["-c", `export ${set.join(" ")}; exec ${command}`];
  },
  name: command.split(" ", 1)[0] ?? command,
});

/** A QEMU with a unit of some options, each with a comma before it. */
export const qemuPlan = (binary: QemuBinary, unitOptions: string): TargetPlan => ({
  path: binary.path,
  words: (folder) => qemuWords(folder, unitOptions),
  name: `QEMU ${binary.version}`,
});

/** Puts the name of a target that ended, and how, in place of an error that followed from it. */
async function named<T>(work: Promise<T>, path: string, running: Running): Promise<T> {
  try {
    return await work;
  } catch (error) {
    await Promise.race([running.ended, wait(500)]);
    if (!running.hasEnded()) throw error;
    throw deathOf(path, running, await running.ended);
  }
}

/**
 * Starts a target.
 *
 * @throws QemuError when it does not start.
 */
export async function startTarget({ path, words, name }: TargetPlan): Promise<Target> {
  const running = await startProgram(path, words, { seconds: lifetime });
  const about = <T>(work: Promise<T>): Promise<T> => named(work, path, running);
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
    const traceSince = follow(at(files.log));
    const session = { running, client, reset: monitor.reset };
    const capabilities = { ver: numberOf(ver), cap: numberOf(cap), ecap: numberOf(ecap) };
    return {
      words: { name, ...capabilities },
      perform: (plan) => about(performPlan(session, plan, traceSince)),
      stop: async () => {
        client.close();
        monitor.close();
        await running.stop();
      },
    };
  } catch (error) {
    await running.stop();
    throw error;
  }
}
