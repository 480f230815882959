import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { at as offsets } from "../../events/registers/offset.ts";
import { isRam } from "../../target/machine.ts";
import type { Running } from "../../target/process.ts";
import { ProgramError } from "../../target/program-error.ts";
import type { Seen, Sight } from "../../target/sight.ts";

import type { QtestClient } from "../qtest/client.ts";
import {
  bytesIn,
  fillCommand,
  numberOf,
  readBytesCommand,
  writeBytesCommand,
  writeCommand,
} from "../qtest/client.ts";
import type { EduDevice } from "../qtest/machine.ts";
import {
  bufferBytes,
  eduDevices,
  pollDma,
  setUpDevices,
  startDma,
  unitBase,
} from "../qtest/machine.ts";
import { readTrace } from "./observation.ts";
import type { Plan } from "./plan.ts";

/** Bytes of memory that are looked at in the end: all that programs are about but large pages. */
const memoryBytes = 0x9_a000;

/** Bytes of the register page that are looked at: all registers that QEMU has. */
const registerBytes = 0x230;

const staging = 0x10_0000n;

/** A target that answers. */
export interface Session {
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
  throw new ProgramError("a device's DMA does not end");
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
export function follow(path: string): () => string | undefined {
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
function clearing({ steps }: Plan, seen: readonly Seen[]): string[] {
  return steps.flatMap(({ input }, index) => {
    if (input.type === "MemoryWrite") {
      const { gpa, bytes } = input;
      return gpa < BigInt(memoryBytes) ? [] : [fillCommand(gpa, bytes.length, 0)];
    }
    if (input.type !== "Dma" || input.access !== "write") return [];
    const translated = seen[index]?.observed.translated ?? input.iova;
    const places = [...new Set([translated, input.iova])].filter((at) => isRam(at, 16));
    return places.map((at) => fillCommand(at, 16, 0));
  });
}

/** Gives a plan to a target, and gathers what it did. */
export async function performPlan(
  session: Session,
  plan: Plan,
  traceSince: () => string | undefined,
): Promise<Sight> {
  const { client } = session;
  traceSince();
  await prepare(session, plan);
  traceSince();
  const shown: Uint8Array[] = [];
  let commands: string[] = [];
  // Where in the answers each step's registers are; nowhere for one that cannot change any.
  let ends: (number | undefined)[] = [];
  let registers = bytesIn((await client.exchange([lookAtRegisters]))[0]);
  const send = async (): Promise<void> => {
    const answers = await client.exchange(commands);
    for (const end of ends) {
      if (end !== undefined) registers = bytesIn(answers[end]);
      shown.push(registers);
    }
    commands = [];
    ends = [];
  };
  for (const [index, step] of plan.steps.entries()) {
    if (step.input.type === "MemoryWrite") {
      commands.push(...step.commands);
      ends.push(undefined);
      continue;
    }
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
  const seen = plan.steps.map(({ input }, index): Seen => {
    const lines = traces[index] ?? [];
    const observed = readTrace(lines, input.type === "Dma" ? input.iova : undefined);
    const isTraced = trace !== undefined;
    return { registers: shown[index] ?? registers, observed, isTraced, trace: lines };
  });
  // Translation off, so that the devices can be asked what they read.
  const [answer] = await client.exchange([
    readBytesCommand(0n, memoryBytes),
    writeCommand(unitBase + BigInt(offsets.gcmd), 4, 0n),
  ]);
  const memory = [{ at: 0, bytes: bytesIn(answer) }];
  await client.exchange(clearing(plan, seen));
  return { seen, lateData: await readBuffers(client, plan), memory };
}

/** What each step that reads has left in its part of a device's buffer. */
async function readBuffers(client: QtestClient, { steps, buffers }: Plan) {
  const found = new Map<EduDevice | undefined, Uint8Array>();
  for (const index of buffers.keys()) {
    await moveBuffer(client, index, "write");
    const [bytes] = await client.exchange([readBytesCommand(staging, bufferBytes)]);
    found.set(eduDevices[index], bytesIn(bytes));
  }
  return new Map(
    steps.flatMap(({ input, waits, slot = 0 }, at) => {
      if (input.type !== "Dma" || input.access !== "read") return [];
      const bytes = found.get(waits)?.slice(slot, slot + (input.length ?? 8));
      return [[at, bytes ?? new Uint8Array()] as const];
    }),
  );
}
