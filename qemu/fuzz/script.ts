import { numberAt } from "../../events/acpi/little-endian.ts";
import { hex } from "../../events/address.ts";
import type { Input } from "../../events/input.ts";
import { at as offsets } from "../../events/registers/offset.ts";
import { registersOf } from "../../projections/registers/registers.ts";
import type { DifferingBytes } from "../../target/difference.ts";
import { imageOf } from "../../target/image.ts";
import type { Finding } from "../../target/lane.ts";
import { readCommand, writeCommand } from "../qtest/client.ts";
import {
  bufferBytes,
  eduDevices,
  machineWords,
  setUpDevices,
  startDma,
  unitBase,
} from "../qtest/machine.ts";
import type { Plan, PlanStep } from "./plan.ts";
import { planOf } from "./plan.ts";

/** What a script says about itself. */
export interface ScriptHead {
  /** What it shows, one line each. */
  readonly about: readonly string[];
  readonly unitOptions: string;
  /** Who answered: `QEMU 7.2.22`. */
  readonly target: string;
}

/** How to make the firmware that halts the CPU, as shell commands. */
const firmwareRecipe = [
  "head -c 65536 /dev/zero > firmware.bin",
  "printf '\\372\\017\\040\\300\\014\\001\\017\\042\\300\\146\\271\\200\\000\\000\\300\\017\\062" +
    "\\200\\314\\020\\017\\060\\017\\001\\335\\364\\353\\375' |",
  "  dd of=firmware.bin bs=1 seek=65280 conv=notrunc",
  "printf '\\351\\015\\377' | dd of=firmware.bin bs=1 seek=65520 conv=notrunc",
];

function head({ about, unitOptions, target }: ScriptHead): string[] {
  const command = `qemu-system-x86_64 ${machineWords(unitOptions).join(" ")}`;
  return [
    ...about,
    "",
    `Below, each command, the answer of ${target}, and, where it is another one, what the model`,
    "expects. To play it: shadowfold fuzz --script FILE. By hand, with QEMU alone:",
    ...firmwareRecipe,
    `${command} -bios firmware.bin -qtest unix:qtest,server=on -qtest-log none \\`,
    "  -trace 'vtd_*' -D trace &",
    "socat - UNIX-CONNECT:qtest     # then send the lines that have no # before them, in order;",
    "                               # where it says so, repeat the next one until it is done",
    "#= an answer, #! the model's; #~ an answer that comes in the end;",
    "#t traced since the last empty line, #T the model's.",
    `unit-options: ${unitOptions}`,
  ].map((line) => (line === "" ? "#" : `# ${line}`));
}

interface Place {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
}

/** Reads of the registers that changed, or differ where they must not, with both answers. */
function reads(
  before: Uint8Array | undefined,
  after: Uint8Array,
  model: Uint8Array | undefined,
  registers: readonly Place[],
  differs: (register: Place) => boolean,
): string[] {
  return registers.flatMap((register) => {
    const { name, offset, bytes } = register;
    const size = Math.min(8, bytes);
    const parts = bytes === 16 ? [offset, offset + 8] : [offset];
    return parts.flatMap((at) => {
      if (at + size > after.length) return [];
      const found = numberAt(after, at, size);
      const isFine = model === undefined || !differs(register);
      const wanted = isFine ? found : numberAt(model, at, size);
      const old = before === undefined ? found : numberAt(before, at, size);
      if (found === old && found === wanted) return [];
      const answer = (value: bigint): string => `OK 0x${value.toString(16).padStart(16, "0")}`;
      return [
        `# ${name}`,
        readCommand(unitBase + BigInt(at), size),
        `#= ${answer(found)}`,
        ...(wanted === found ? [] : [`#! ${answer(wanted)}`]),
      ];
    });
  });
}

function commandsOf(step: PlanStep): string[] {
  const isWrite = step.input.type === "Dma" && step.input.access === "write";
  const waiting =
    step.waits === undefined
      ? []
      : [
          "# repeat until bit 0 is clear",
          `readl ${hex(step.waits.bar + 0x98n)}`,
          `#~ OK 0x${isWrite ? "0000000000000002" : "0000000000000000"}`,
        ];
  return [...step.commands, ...waiting];
}

/** Commands that give each device the bytes that it will write. */
function loads({ buffers }: Plan): string[] {
  return [...buffers].flatMap(([index, bytes]) => {
    const device = eduDevices[index];
    if (device === undefined || bytes.every((byte) => byte === 0)) return [];
    const text = Buffer.from(bytes)
      .toString("hex")
      .replace(/(00)+$/, "");
    const whole = { iova: 0x10_0000n, offset: 0, length: bytes.length, access: "read" } as const;
    return [
      "# what the device will write",
      `write 0x100000 ${hex(bytes.length)} 0x${text}`,
      ...startDma(device, whole),
      "# repeat until bit 0 is clear",
      `readl ${hex(device.bar + 0x98n)}`,
      "#~ OK 0x0000000000000000",
      `memset 0x100000 ${hex(bytes.length)} 0x0`,
    ];
  });
}

/** Commands that show bytes that differ in the end, with what either side has there. */
function evidence({ at, device: bdf, target, model }: DifferingBytes, slot = 0): string[] {
  const hexOf = (bytes: Uint8Array): string => `OK 0x${Buffer.from(bytes).toString("hex")}`;
  const show = (address: number): string[] => [
    `read ${hex(address)} ${hex(target.length)}`,
    `#= ${hexOf(target)}`,
    `#! ${hexOf(model)}`,
  ];
  const device = eduDevices.find((each) => each.bdf === bdf);
  if (device === undefined) return ["", "# memory", ...show(at)];
  const whole = { iova: 0x10_0000n, offset: 0, length: bufferBytes, access: "write" } as const;
  return [
    ...["", "# what the device has read, while nothing is translated"],
    ...[writeCommand(unitBase + BigInt(offsets.gcmd), 4, 0n), ...startDma(device, whole)],
    ...["# repeat until bit 0 is clear", `readl ${hex(device.bar + 0x98n)}`],
    ...["#~ OK 0x0000000000000002", ...show(0x10_0000 + slot)],
  ];
}

/** What differs at the last step and is no register: what the model does instead. */
const unseen: ReadonlySet<string> = new Set(["dma", "event", "interrupt"]);

/**
 * A finding as a script of qtest commands, with comments: `#=` is what the target answered to the
 * command before it, `#!` what the model expects instead, `#~` an answer that comes after a while;
 * `#t` is what the target traced during the commands since the last empty line, `#T` what the model
 * expects instead.
 */
export function scriptOf(finding: Finding, about: ScriptHead, describe: (input: Input) => string) {
  const { sight, comparison, death } = finding;
  const plan = planOf(finding.steps);
  const difference = comparison?.difference;
  const lines = [...head(about), "", "# the machine", ...setUpDevices, ...loads(plan)];
  let before: Uint8Array | undefined;
  const last = difference?.at ?? plan.steps.length - 1;
  for (const [at, step] of plan.steps.entries()) {
    if (at > last) break;
    const seen = sight?.seen[at];
    lines.push(
      "",
      ...describe(step.input)
        .split("\n")
        .map((line) => `# ${line}`),
      ...commandsOf(step),
    );
    if (seen === undefined) continue;
    const isLast = at === difference?.at;
    const world = isLast ? difference?.after : comparison?.worlds[at];
    const guest = world?.guests[0];
    const isSide = ({ name }: { readonly name: string }): boolean =>
      isLast && difference?.sides.some(({ register }) => register?.name === name) === true;
    const model =
      guest === undefined || !isLast ? undefined : imageOf(guest, seen.registers.length);
    const registers = guest === undefined ? [] : registersOf(guest.profile).specs;
    lines.push(...reads(before, seen.registers, model, registers, isSide));
    lines.push(...seen.trace.map((line) => `#t ${line}`));
    if (isLast) {
      const sides = difference?.sides.filter(({ what }) => unseen.has(what)) ?? [];
      lines.push(...sides.map((side) => `#T ${side.what}: ${side.model}`));
    }
    before = seen.registers;
  }
  if (difference?.bytes !== undefined) {
    lines.push(...evidence(difference.bytes, plan.steps[difference.at]?.slot));
  }
  if (death !== undefined) lines.push("", `#x ${death}`);
  if (difference !== undefined) {
    lines.push("", `# ${about.target} differs from the model: ${difference.text}`);
  }
  return `${lines.join("\n")}\n`;
}
