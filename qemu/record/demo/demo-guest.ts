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
    const files = await unpackGuest(await findPackages(packages, say), say);
    say("making the guest");
    const initrd = join(work, "initrd");
    writeFileSync(initrd, initialFiles(demo, files, work));
    const { iommu, mode } = unitOf(demo, binary);
    const append = [
      "loglevel=5 printk.devkmsg=on",
      mode,
      "iommu.strict=1",
      linuxTrace ? tracing : "",
    ];
    const machine = {
      kernel: files.kernel,
      initrd,
      append: append.join(" ").trim(),
      machine: "",
      iommu,
      memoryMiB: 512,
      ...(demo === "vfio" ? edu : diskAndNetwork),
    };
    const guest = `Linux ${files.kernelVersion} (Debian)`;
    return { machine, name: `linux-${demo}`, guest, lastWords, remove };
  } catch (error) {
    remove();
    throw error;
  }
}
