import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Requester } from "../../target/machine.ts";
import { requesters } from "../../target/machine.ts";

/** A test device of QEMU that does DMA and sends MSIs, and where it is. */
export interface EduDevice extends Requester {
  /** Where its registers are put. */
  readonly bar: bigint;
}

/** Where the registers of each device are put, in the order of the devices. */
const bars = [0xe200_0000n, 0xe210_0000n, 0xe220_0000n, 0xe110_0000n, 0xe000_0000n] as const;

/** The devices of the machine. */
export const eduDevices: readonly EduDevice[] = requesters.map((one, index) => ({
  ...one,
  bar: bars[index] ?? 0n,
}));

/** Where the unit's registers are. */
export const unitBase = 0xfed9_0000n;

/**
 * What the CPU does: nothing. It enters protected mode, switches SVM on, clears the global
 * interrupt flag, which keeps NMI and SMI away too, and halts. Memory is left alone.
 */
const code = "fa0f20c00c010f22c066b9800000c00f3280cc100f300f01ddf4ebfd";
const entry = 0xff00;
const resetVector = 0xfff0;
const imageBytes = 0x1_0000;

/** The 64 KiB firmware image. */
export function firmware(): Uint8Array {
  const image = new Uint8Array(imageBytes);
  image.set(Buffer.from(code, "hex"), entry);
  const distance = (entry - (resetVector + 3)) & 0xffff;
  image.set([0xe9, distance & 0xff, distance >> 8], resetVector);
  return image;
}

/** Names of the files in the folder of a machine. */
export const files = {
  firmware: "firmware.bin",
  qtest: "qtest",
  monitor: "monitor",
  log: "trace",
} as const;

/** Trace points that show interrupts, where DMA went, and marks between operations. */
const tracePoints = [
  ...["vtd_irq_generate", "vtd_ir_remap_msi", "vtd_reg_write"],
  ...["vtd_dmar_translate", "vtd_dmar_fault", "vtd_fault_disabled"],
];

const addressOf = (bdf: number): string =>
  `${((bdf >> 3) & 0x1f).toString(16)}.${(bdf & 7).toString()}`;

function deviceWords({ bdf }: EduDevice): readonly string[] {
  const bus = ["", ",bus=up", ",bus=conventional"][bdf >> 8] ?? "";
  const first = bdf === 0x20 ? ",multifunction=on" : "";
  const place = `addr=${addressOf(bdf)}${bus}${first}`;
  return ["-device", `edu,${place},dma_mask=0xffffffffffffffff`];
}

/**
 * The arguments that do not depend on a folder: the machine and its devices. Without the interval
 * timer nothing keeps the virtual clock running when nobody asks anything.
 */
export const machineWords = (unitOptions: string): readonly string[] => [
  ...["-nodefaults", "-no-user-config", "-display", "none", "-m", "3G", "-cpu", "qemu64,+svm"],
  ...["-machine", "q35,pit=off", "-accel", "tcg", "-icount", "shift=0,sleep=off"],
  ...["-device", `intel-iommu${unitOptions}`],
  ...["-device", "x3130-upstream,id=up,addr=05.0"],
  ...["-device", "pcie-pci-bridge,id=conventional,addr=06.0"],
  ...eduDevices.flatMap(deviceWords),
];

/** All arguments of a QEMU whose files are in a folder. Writes the firmware there. */
export function qemuWords(folder: string, unitOptions: string): readonly string[] {
  const firmwarePath = join(folder, files.firmware);
  writeFileSync(firmwarePath, firmware());
  const socket = (name: string): string => `unix:${join(folder, name)},server=on,wait=off`;
  return [
    ...machineWords(unitOptions),
    ...["-bios", firmwarePath, "-qtest", socket(files.qtest), "-qtest-log", "none"],
    ...["-qmp", socket(files.monitor)],
    ...tracePoints.flatMap((point) => ["-trace", point]),
    ...["-D", join(folder, files.log)],
  ];
}

const hex = (value: number): string => `0x${value.toString(16)}`;

/** Writes to the configuration space of a function. */
const configure = (bdf: number, offset: number, size: "w" | "l", value: number): string[] => [
  `outl 0xcf8 ${hex((0x8000_0000 | (bdf << 8) | (offset & 0xfc)) >>> 0)}`,
  `out${size} ${hex(0xcfc + (offset & 3))} ${hex(value >>> 0)}`,
];

/** Commands of which the last answers with the vendor and device id of a function. */
export const readId = (bdf: number): readonly string[] => [
  `outl 0xcf8 ${hex((0x8000_0000 | (bdf << 8)) >>> 0)}`,
  "inl 0xcfc",
];

/** Bridges: buses, and the window of addresses behind them. */
const bridge = (bdf: number, bus: number, base: number): string[] => [
  ...configure(bdf, 0x18, "l", (bus << 16) | (bus << 8)),
  ...configure(bdf, 0x20, "l", (base >>> 16) | ((base >>> 16) << 16)),
  ...configure(bdf, 0x04, "w", 7),
];

/** Commands that give every device its place and let it do DMA. */
export const setUpDevices: readonly string[] = [
  ...bridge(0x28, 1, 0xe110_0000),
  ...bridge(0x30, 2, 0xe000_0000),
  ...eduDevices.flatMap(({ bdf, bar }) => [
    ...configure(bdf, 0x10, "l", Number(bar)),
    ...configure(bdf, 0x04, "w", 6),
  ]),
];

const msiCapability = 0x40;

/** Commands that make a device send one MSI: 32 bits to any address that 4 divides. */
export const sendMsi = ({ bdf, bar }: EduDevice, address: bigint, data: number): string[] => [
  ...configure(bdf, msiCapability + 4, "l", Number(address & 0xffff_fffcn)),
  ...configure(bdf, msiCapability + 8, "l", Number(address >> 32n)),
  ...configure(bdf, msiCapability + 12, "w", data),
  ...configure(bdf, msiCapability + 2, "w", 1),
  `writel ${hex(Number(bar) + 0x60)} 0x1`,
  `writel ${hex(Number(bar) + 0x64)} 0x1`,
  ...configure(bdf, msiCapability + 2, "w", 0),
];

/** Where a device's buffer begins, as its DMA registers count. */
const bufferBase = 0x4_0000;
/** Bytes of a device's buffer that can be used: some versions do not let the last ones through. */
export const bufferBytes = 4080;

/** A transfer between memory and a device's buffer. */
export interface Transfer {
  readonly iova: bigint;
  /** Byte of the buffer. */
  readonly offset: number;
  readonly length: number;
  /** `write` goes to memory. */
  readonly access: "read" | "write";
}

/** Commands that start a transfer. */
export function startDma({ bar }: EduDevice, transfer: Transfer): string[] {
  const { iova, offset, length, access } = transfer;
  const buffer = BigInt(bufferBase + offset);
  const [from, to] = access === "read" ? [iova, buffer] : [buffer, iova];
  const registers: readonly (readonly [bigint, bigint])[] = [
    [0x80n, from],
    [0x88n, to],
    [0x90n, BigInt(length)],
    [0x98n, access === "read" ? 1n : 3n],
  ];
  return registers.map(
    ([register, value]) => `writeq 0x${(bar + register).toString(16)} 0x${value.toString(16)}`,
  );
}

/** Asks whether a transfer is still going on: bit 0 of the answer. */
export const pollDma = ({ bar }: EduDevice): string => `readl 0x${(bar + 0x98n).toString(16)}`;
