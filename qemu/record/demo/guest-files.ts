import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { ProgramError } from "../../../target/program-error.ts";
import type { GuestPackages } from "./debian-packages.ts";
import { cacheFolder } from "./debian-packages.ts";
import { loadOrder } from "./kernel-modules.ts";
import { runTool } from "./package-tool.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** What a demo guest is made of, unpacked: `vmlinuz`, `busybox` and `modules/NAME.ko`. */
export interface GuestFiles {
  readonly folder: string;
  readonly kernel: string;
  /** Xen as an ELF file, and its version, where it is needed. */
  readonly hypervisor: { readonly file: string; readonly version: string } | undefined;
  /** As Debian's package has it: `6.1.176-1`. */
  readonly kernelVersion: string;
}

/** Modules that any of the demo guests loads. */
const wanted = ["nvme", "e1000e", "vfio", "vfio_iommu_type1", "vfio-pci"];
const largestModule = 1 << 26;

/** The first of some paths below a folder that exists. */
function present(folder: string, paths: readonly string[]): string {
  const found = paths.map((path) => join(folder, path)).find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new ProgramError(`the packages lack ${paths[0] ?? "a file"}`);
}

function onlyEntry(folder: string, pattern: RegExp): string {
  const entries = existsSync(folder) ? readdirSync(folder) : [];
  const name = entries.find((entry) => pattern.test(entry));
  if (name !== undefined) return join(folder, name);
  throw new ProgramError(`the packages lack ${basename(folder)}/${pattern.source}`);
}

/** A module's bytes; busybox itself unpacks one that is compressed. */
function readModule(file: string, busybox: string): Buffer {
  if (file.endsWith(".ko")) return readFileSync(file);
  const tool = file.endsWith(".xz") ? "unxz" : "gunzip";
  const { status, stdout } = spawnSync(busybox, [tool, "-c", file], { maxBuffer: largestModule });
  if (status === 0) return stdout;
  throw new ProgramError(`${basename(file)}: cannot be decompressed`);
}

/** Xen is compressed as a whole: QEMU loads the ELF file that is in it. */
function unpackHypervisor(boot: string, into: string): void {
  const packed = readFileSync(onlyEntry(boot, /^xen-\d.*\.gz$/));
  writeFileSync(into, gunzipSync(packed));
}

/** Unpacks all packages into a folder and takes out what the guests need. */
async function unpack(packages: GuestPackages, work: string, into: string): Promise<void> {
  const { kernel, parts, busybox: shell, hypervisor } = packages;
  for (const file of [kernel, ...parts, shell, hypervisor]) {
    if (file !== undefined) await runTool("dpkg-deb", ["-x", file, work]);
  }
  const busybox = present(work, ["bin/busybox", "usr/bin/busybox"]);
  const trees = present(work, ["lib/modules", "usr/lib/modules"]);
  const tree = onlyEntry(trees, /^\d/);
  mkdirSync(join(into, "modules"), { recursive: true });
  const boot = join(work, "boot");
  // A kernel that is split has its image among its modules.
  const image = join(tree, "vmlinuz");
  cpSync(existsSync(image) ? image : onlyEntry(boot, /^vmlinuz-/), join(into, "vmlinuz"));
  if (hypervisor !== undefined) unpackHypervisor(boot, join(into, "xen"));
  cpSync(busybox, join(into, "busybox"));
  for (const { name, bytes } of loadOrder(tree, wanted, (file) => readModule(file, busybox))) {
    writeFileSync(join(into, "modules", `${name}.ko`), bytes);
  }
}

/**
 * Unpacks a guest's packages without installing them. What is needed of them, some 15 MiB, is kept
 * in the cache, so that the next time is at once.
 *
 * @throws ProgramError when they cannot be unpacked or are something else.
 */
export async function unpackGuest(
  packages: GuestPackages,
  say: (text: string) => void,
): Promise<GuestFiles> {
  const { kernel, busybox, hypervisor } = packages;
  const nameOf = (file: string): string => basename(file, ".deb");
  const versionOf = (file: string): string => nameOf(file).split("_")[1] ?? "";
  const names = [kernel, busybox, ...(hypervisor === undefined ? [] : [hypervisor])].map(nameOf);
  const folder = join(cacheFolder(), "guests", names.join("+"));
  const files = {
    folder,
    kernel: join(folder, "vmlinuz"),
    kernelVersion: versionOf(kernel),
    hypervisor:
      hypervisor === undefined
        ? undefined
        : { file: join(folder, "xen"), version: versionOf(hypervisor) },
  };
  if (existsSync(folder)) return files;
  say("unpacking the guest's packages");
  mkdirSync(join(cacheFolder(), "guests"), { recursive: true });
  const { path: work, remove } = temporaryFolder(join(cacheFolder(), "unpacking-"));
  try {
    await unpack(packages, join(work, "packages"), join(work, "guest"));
    renameSync(join(work, "guest"), folder);
  } finally {
    remove();
  }
  return files;
}
