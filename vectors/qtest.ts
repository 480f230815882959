import { numberAt } from "../events/acpi/little-endian.ts";
import type { Input } from "../events/input.ts";
import type { Profile } from "../events/profile/profile.ts";
import { at as offsets } from "../events/registers/offset.ts";
import { registersOf } from "../projections/registers/registers.ts";
import type { Plan, PlanStep } from "../qemu/fuzz/plan.ts";
import { planOf } from "../qemu/fuzz/plan.ts";
import { fillCommand, readCommand, writeBytesCommand, writeCommand } from "../qemu/qtest/client.ts";
import type { EduDevice } from "../qemu/qtest/machine.ts";
import {
  bufferBytes,
  eduDevices,
  machineWords,
  setUpDevices,
  startDma,
  unitBase,
} from "../qemu/qtest/machine.ts";
import { requestOf } from "../target/requests.ts";
import { openBits } from "./open-bits.ts";
import type { Vector, VectorStep } from "./vector.ts";

/** A command and its answer, each a line. */
type Line = readonly [command: string, answer: string];

const ok = (command: string): Line => [command, "OK"];
const shown = (value: bigint): string => `OK 0x${value.toString(16).padStart(16, "0")}`;
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const hex = (value: number | bigint): string => `0x${value.toString(16)}`;

/** Commands that change nothing; each gives a device's transfer time to end. */
const pauses = 25;
const pause: readonly Line[] = new Array<Line>(pauses).fill(["endianness", "OK little"]);

const staging = 0x10_0000n;

/** Moves a whole buffer between a device and memory while nothing is translated. */
const moveBuffer = (device: EduDevice, access: "read" | "write"): readonly Line[] => [
  ...startDma(device, { iova: staging, offset: 0, length: bufferBytes, access }).map(ok),
  ...pause,
];

/** Commands that give each device the bytes that it will write. */
const loads = ({ buffers }: Plan): readonly Line[] =>
  [...buffers].flatMap(([index, bytes]) => {
    const device = eduDevices[index];
    const used = hexOf(bytes).replace(/(00)+$/, "").length / 2;
    if (device === undefined || used === 0) return [];
    return [
      ok(writeBytesCommand(staging, bytes.slice(0, used))),
      ...moveBuffer(device, "read"),
      ok(fillCommand(staging, used, 0)),
    ];
  });

/** Reads of registers, 4 or 8 bytes each; nothing of those of which a unit may show several. */
function registerReads(name: string, offset: number, bytes: Uint8Array): readonly Line[] {
  if (name === "VER" || name === "CAP" || name === "ECAP") return [];
  const open = openBits(name, bytes);
  // A record that is in use is read as a whole: without PASID nothing of it is open in QEMU.
  const isRecord = name.startsWith("FRCD") && ((bytes[15] ?? 0) & 0x80) !== 0;
  if (!isRecord && (open.mask !== undefined || open.or !== undefined)) return [];
  const size = Math.min(8, bytes.length);
  return Array.from({ length: bytes.length / size }, (_, part): Line => {
    const from = part * size;
    const at = unitBase + BigInt(offset + from);
    return [readCommand(at, size), shown(numberAt(bytes, from, size))];
  });
}

function lookLines(profile: Profile, { request, about = "", expect }: VectorStep): readonly Line[] {
  const bytes = expect.bytes ?? new Uint8Array();
  if (request.op === "readMemory") {
    return [[`read ${hex(request.address)} ${hex(request.length)}`, `OK 0x${hexOf(bytes)}`]];
  }
  if (request.op !== "readRegisters") return [];
  if (about !== "all") return registerReads(about, request.offset, bytes);
  return registersOf(profile).specs.flatMap(({ name, offset, bytes: count }) =>
    registerReads(name, offset, bytes.slice(offset, offset + count)),
  );
}

const askLines = ({ input, commands, waits }: PlanStep): readonly Line[] => [
  ...commands.map((command): Line => {
    return [command, input.type === "RegisterRead" ? "" : "OK"];
  }),
  ...(waits === undefined ? [] : pause),
];

/** What the devices have read, while nothing is translated any more. */
function readBack(plan: Plan, steps: readonly VectorStep[]): readonly Line[] {
  const dmas = steps.filter(({ request }) => request.op === "dma");
  const asked = plan.steps.filter(({ input }) => input.type === "Dma");
  const reads = asked.flatMap(({ slot, waits }, index) => {
    const bytes = dmas[index]?.expect.bytes;
    return bytes && slot !== undefined && waits !== undefined ? [{ bytes, slot, waits }] : [];
  });
  if (reads.length === 0) return [];
  const devices = [...new Set(reads.map(({ waits }) => waits))];
  return [
    ok(writeCommand(unitBase + BigInt(offsets.gcmd), 4, 0n)),
    ...devices.flatMap((device) => [
      ...moveBuffer(device, "write"),
      ...reads
        .filter(({ waits }) => waits === device)
        .map(({ slot, bytes }): Line => {
          const from = staging + BigInt(slot);
          return [`read ${hex(from)} ${hex(bytes.length)}`, `OK 0x${hexOf(bytes)}`];
        }),
    ]),
  ];
}

/** A case as a script for QEMU's qtest, and the answers that it has to get. */
export interface QtestCase {
  readonly script: string;
  readonly answers: string;
}

/**
 * Turns a case into a qtest script: the machine, what the devices are to write, the steps, then
 * what the devices have read.
 *
 * @param inputs  the case's.
 * @returns `undefined` where QEMU's machine has no room for it, or no such request.
 */
export function qtestOf(
  profile: Profile,
  { steps }: Vector,
  inputs: readonly Input[],
): QtestCase | undefined {
  const plan = planOf(inputs);
  if (plan.steps.length < inputs.length) return undefined;
  const lines: Line[] = [...setUpDevices.map(ok), ...loads(plan)];
  let next = 0;
  for (const step of steps) {
    const planned = plan.steps[next];
    const isAsked = planned !== undefined && requestOf(planned.input)?.op === step.request.op;
    if (isAsked) {
      lines.push(...askLines(planned));
      next += 1;
    } else lines.push(...lookLines(profile, step));
  }
  lines.push(...readBack(plan, steps));
  const text = (part: 0 | 1): string => `${lines.map((line) => line[part]).join("\n")}\n`;
  return { script: text(0), answers: text(1) };
}

/** A shell script that plays a case beside it, and compares. */
export const playerOf = (unitOptions: string): string => `#!/bin/sh
# Plays cases in QEMU and compares the answers: ./play.sh CASE...
# QEMU names another program than qemu-system-x86_64.
cd "$(dirname "$0")" || exit 2
made=$(mktemp -d) || exit 2
trap 'rm -rf "$made"' EXIT
result=0
for case in "$@"; do
  {
    while read -r line; do echo "$line"; sleep 0.01; done <"$case.qtest"
    sleep 0.3
    kill "$(cat "$made/pid")"
  } | "\${QEMU:-qemu-system-x86_64}" ${machineWords(unitOptions).join(" ")} \\
    -bios firmware.bin -pidfile "$made/pid" -qtest-log none -qtest stdio \\
    >"$made/answers" 2>/dev/null
  if cmp -s "$case.answers" "$made/answers"; then echo "$case: passed"; else
    echo "$case: differs"
    diff "$case.answers" "$made/answers"
    result=1
  fi
done
exit $result
`;
