import { ProgramError } from "../../target/program-error.ts";

/** The guest that is recorded, as QEMU's options say it. */
export interface Machine {
  /** Files of the kernel and of its initial file system; without a kernel a disk is booted. */
  readonly kernel: string | undefined;
  readonly initrd: string | undefined;
  /** The kernel's command line, besides what recording needs of Linux. */
  readonly append: string;
  /** Whether the command line is left as it is, since the kernel is not Linux. */
  readonly isPlain?: boolean;
  /** Properties of `-machine q35` and `-device intel-iommu`, such as `caching-mode=on`. */
  readonly machine: string;
  readonly iommu: string;
  /** The guest's devices as `-device` takes them; the IOMMU is not among them. */
  readonly devices: readonly string[];
  /** Memory in MiB, 64 to 2048: all of it lies below 4 GiB then. */
  readonly memoryMiB: number;
  /** Further arguments for QEMU, as they are. */
  readonly words: readonly string[];
}

/** The IOMMU that is recorded when nothing else is asked for. */
export const defaultIommu = "caching-mode=on,intremap=on,aw-bits=48";

/** The names of the files in the folder of the running QEMU. */
export const files = {
  memory: "memory",
  trace: "vtd-trace.txt",
  console: "console.txt",
  stub: "gdb",
} as const;

/** The option that QEMU makes the IOMMU from. */
export const iommuDevice = (machine: Machine): string => joined("intel-iommu", machine.iommu);

const joined = (name: string, properties: string): string =>
  properties === "" ? name : `${name},${properties}`;

const holds = (append: string, name: string): boolean =>
  append.split(/\s+/).some((word) => word === name || word.startsWith(`${name}=`));

/**
 * The kernel's command line: one without address randomisation, with the IOMMU on and the console
 * on the serial port, unless it says otherwise.
 */
export function kernelArguments(append: string): string {
  // A busy host lets the check of the timer fail, as no interrupt may come in time.
  const always = ["console=ttyS0", "panic=-1", "nokaslr", "no_timer_check"];
  const needed = [...always, "intel_iommu=on"];
  const missing = needed.filter((word) => !holds(append, word.split("=", 1)[0] ?? ""));
  return [...missing, append.trim()].filter((word) => word !== "").join(" ");
}

/** A value of one of QEMU's options: a comma in it is doubled. */
const escaped = (text: string): string => text.replaceAll(",", ",,");

/** The kernel's command line, as it is given to it. */
export const commandLine = ({ append, isPlain }: Machine): string =>
  isPlain === true ? append : kernelArguments(append);

function kernelWords(machine: Machine): readonly string[] {
  const { kernel, initrd } = machine;
  if (kernel === undefined) return [];
  const images = ["-kernel", kernel, ...(initrd === undefined ? [] : ["-initrd", initrd])];
  return [...images, "-append", commandLine(machine)];
}

/**
 * The arguments that start the machine, held before its first instruction.
 *
 * @param folder  where memory, trace, console and the socket of the gdb stub are made.
 * @param plugin  the file of the recorder's plugin, where it is used.
 * @throws ProgramError when the amount of memory is out of bounds.
 */
export function machineWords(machine: Machine, folder: string, plugin?: string): readonly string[] {
  const { memoryMiB } = machine;
  if (!Number.isInteger(memoryMiB) || memoryMiB < 64 || memoryMiB > 2048) {
    throw new ProgramError(`memory of ${memoryMiB.toString()} MiB: expected 64 to 2048`);
  }
  const size = `${memoryMiB.toString()}M`;
  const at = (name: string): string => `${folder}/${name}`;
  const [memory, trace] = [escaped(at(files.memory)), escaped(at(files.trace))];
  const watching = [
    ...["-d", "plugin", "-plugin", `file=${escaped(plugin ?? "")},memory=${memory},trace=${trace}`],
  ];
  return [
    ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-S"],
    ...["-machine", `${joined("q35", machine.machine)},accel=tcg,memory-backend=memory`],
    ...["-object", `memory-backend-file,id=memory,size=${size},share=on,mem-path=${at("memory")}`],
    ...["-m", size, "-smp", "1"],
    ...kernelWords(machine),
    ...["-serial", `file:${at(files.console)}`],
    ...["-chardev", `socket,id=stub,path=${at(files.stub)},server=on,wait=off`],
    ...["-gdb", "chardev:stub", "-trace", "vtd_*", "-D", at(files.trace)],
    ...(plugin === undefined ? [] : watching),
    ...["-device", iommuDevice(machine)],
    ...machine.words,
    ...machine.devices.flatMap((device) => ["-device", device]),
  ];
}
