import { readFileSync } from "node:fs";
import type { QemuBinary } from "../../qemu/binary.ts";
import type { DemoGuest } from "../../qemu/record/demo/demo-guest.ts";
import type { DemoName } from "../../qemu/record/demo/guest-script.ts";
import { pluginFor } from "../../qemu/record/plugin/plugin-file.ts";
import { ProgramError } from "../../target/program-error.ts";
import { InputError } from "../input-error.ts";

/** What `record` is asked for. */
export interface RecordOptions {
  readonly demo?: DemoName;
  readonly kernel?: string;
  readonly initrd?: string;
  readonly append: string;
  readonly device: readonly string[];
  readonly machine: string;
  readonly iommu: string;
  readonly memory: number;
  readonly symbols?: string;
  readonly by?: (typeof means)[number];
  readonly output: string;
  readonly force?: true;
  readonly qemu?: string;
  readonly time: number;
  readonly packages?: string;
  readonly keepTrace?: string;
  readonly linuxTrace?: true;
  readonly json?: true;
}

/** How stores to tables are seen: by a plugin of QEMU, or in memory when the guest is held. */
export const means = ["plugin", "stops"] as const;

/** A guest of a demo, or of one's own. */
export type RecordedGuest = Omit<DemoGuest, "lastWords"> & Partial<DemoGuest>;

/** The guest that the options describe. */
export function ownGuest(options: RecordOptions, words: readonly string[]): RecordedGuest {
  const { kernel, initrd, append, machine, iommu, device: devices } = options;
  if (kernel === undefined && words.length === 0) {
    throw new InputError("record: --kernel FILE, --demo NAME or, after --, a disk is needed");
  }
  const given = { kernel, initrd, append, machine, iommu, devices, words };
  return {
    machine: { ...given, isPlain: isElf(kernel), memoryMiB: options.memory },
    name: "own-guest",
    guest: kernel ?? "what QEMU's firmware boots",
    remove: () => undefined,
  };
}

/** Whether a kernel is an ELF file, as QEMU takes Xen: its command line is none of Linux then. */
function isElf(kernel: string | undefined): boolean {
  if (kernel === undefined) return false;
  try {
    return readFileSync(kernel).subarray(0, 4).equals(Buffer.from("\x7fELF"));
  } catch {
    // QEMU says what is wrong with it.
    return false;
  }
}

/** The plugin, where it can be had or is asked for; holding the guest is for Linux alone. */
export function pluginOf(
  binary: QemuBinary,
  { by }: RecordOptions,
  { machine }: RecordedGuest,
): string | undefined {
  const isLinux = machine.kernel !== undefined && machine.isPlain !== true;
  if (by === "stops") {
    if (isLinux) return undefined;
    throw new InputError("record: --by stops is for a Linux kernel alone");
  }
  try {
    return pluginFor(binary);
  } catch (error) {
    if (by === "plugin" || !isLinux || !(error instanceof ProgramError)) throw error;
    return undefined;
  }
}
