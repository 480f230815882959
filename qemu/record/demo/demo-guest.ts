import { readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { QemuBinary } from "../../binary.ts";
import { scalableOptions } from "../../unit-options.ts";
import type { Machine } from "../machine.ts";
import { defaultIommu } from "../machine.ts";
import type { ArchiveEntry } from "./archive.ts";
import { packArchive } from "./archive.ts";
import { compileDriver } from "./compiler.ts";
import { findPackages } from "./debian-packages.ts";
import type { GuestFiles } from "./guest-files.ts";
import { unpackGuest } from "./guest-files.ts";
import type { DemoName } from "./guest-script.ts";
import { initScript, lastWords, modulesOf } from "./guest-script.ts";
import { loadOrder } from "./kernel-modules.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** A guest that is ready to be started. */
export interface DemoGuest {
  readonly machine: Machine;
  /** What it is called in the recording, and what it is. */
  readonly name: string;
  readonly guest: string;
  /** What its console shows once it has done its work. */
  readonly lastWords: string;
  /** Removes what was made for it, except for the packages kept in the cache. */
  readonly remove: () => void;
}

const folders = ["bin", "dev", "lib", "proc", "sys"];
const diskAndNetwork = {
  devices: ["nvme,serial=demo,drive=disk", "e1000e,netdev=net"],
  words: [
    ...["-blockdev", "null-co,node-name=disk,size=67108864,read-zeroes=on"],
    ...["-netdev", "user,id=net,restrict=on"],
  ],
};
const edu = { devices: ["edu,addr=04.0,dma_mask=0xffffffffffffffff"], words: [] };

function initialFiles(demo: DemoName, files: GuestFiles, work: string): Buffer {
  const modules = loadOrder(join(files.folder, "modules"), modulesOf[demo], readFileSync);
  const file = (path: string, bytes: Uint8Array): ArchiveEntry => {
    return { path, bytes, executable: true };
  };
  const script = initScript(
    demo,
    modules.map(({ name }) => name),
  );
  return packArchive([
    ...folders.map((path): ArchiveEntry => ({ path, directory: true })),
    file("bin/busybox", readFileSync(join(files.folder, "busybox"))),
    ...(demo === "vfio" ? [file("bin/vfio", compileDriver(work))] : []),
    ...modules.map(({ name, bytes }) => file(`lib/${name}.ko`, bytes)),
    file("init", Buffer.from(script)),
  ]);
}

/** QEMU offers first-stage tables since 10.0; before that scalable mode has the second stage. */
function unitOf(demo: DemoName, binary: QemuBinary): { iommu: string; mode: string } {
  if (demo !== "scalable") return { iommu: defaultIommu, mode: "intel_iommu=on,sm_off" };
  const iommu = `${defaultIommu}${scalableOptions(binary)}`;
  return { iommu, mode: "intel_iommu=on,sm_on" };
}

/** What a demo guest is made with. */
export interface DemoOptions {
  /** A folder with the packages; the cache and Debian's archive when missing. */
  readonly packages: string | undefined;
  /** Whether Linux traces the IOMMU too. */
  readonly linuxTrace: boolean;
  /** Told what takes a while. */
  readonly say: (text: string) => void;
}

const tracing = "trace_event=intel_iommu:*,iommu:* trace_buf_size=8M";

/** What the machine of a demo is made of. */
interface Parts extends Pick<DemoOptions, "linuxTrace"> {
  readonly files: GuestFiles;
  readonly initrd: string;
}

/** Xen gives its unit to a paravirtual dom0's devices, with the dom0's memory mapped to itself. */
function xenMachine({ files, initrd }: Parts): Machine | undefined {
  if (files.hypervisor === undefined) return undefined;
  const dom0 = `${files.kernel} console=hvc0 panic=-1 loglevel=5 printk.devkmsg=on`;
  return {
    kernel: files.hypervisor.file,
    // What follows a comma is the next module.
    initrd: `${dom0},${initrd}`,
    append: "console=com1 com1=115200,8n1 loglvl=all dom0_mem=512M,max:512M dom0-iommu=strict",
    isPlain: true,
    machine: "",
    iommu: defaultIommu,
    memoryMiB: 1024,
    devices: diskAndNetwork.devices,
    // Debian's Xen does not start without FSGSBASE.
    words: [...diskAndNetwork.words, "-cpu", "qemu64,+fsgsbase"],
  };
}

function machineOf(demo: DemoName, binary: QemuBinary, parts: Parts): Machine {
  const xen = xenMachine(parts);
  if (xen !== undefined) return xen;
  const { files, initrd, linuxTrace } = parts;
  const { iommu, mode } = unitOf(demo, binary);
  const append = [
    "loglevel=5 printk.devkmsg=on",
    mode,
    "iommu.strict=1",
    linuxTrace ? tracing : "",
  ];
  return {
    kernel: files.kernel,
    initrd,
    append: append.join(" ").trim(),
    machine: "",
    iommu,
    memoryMiB: 512,
    ...(demo === "vfio" ? edu : diskAndNetwork),
  };
}

/**
 * Makes a guest from Debian's packages.
 *
 * @throws ProgramError when the packages, or the tools to unpack or compile with, cannot be had.
 */
export async function makeDemoGuest(
  demo: DemoName,
  binary: QemuBinary,
  { packages, linuxTrace, say }: DemoOptions,
): Promise<DemoGuest> {
  const { path: work, remove } = temporaryFolder(join(tmpdir(), "shadowfold-"));
  try {
    const files = await unpackGuest(await findPackages(packages, demo === "xen", say), say);
    say("making the guest");
    const initrd = join(work, "initrd");
    writeFileSync(initrd, initialFiles(demo, files, work));
    const { hypervisor, kernelVersion } = files;
    const linux = `Linux ${kernelVersion} (Debian)`;
    const machine = machineOf(demo, binary, { files, initrd, linuxTrace });
    const guest = hypervisor ? `Xen ${hypervisor.version} (Debian), ${linux} as dom0` : linux;
    const name = demo === "xen" ? "xen-dom0" : `linux-${demo}`;
    return { machine, name, guest, lastWords, remove };
  } catch (error) {
    remove();
    throw error;
  }
}
