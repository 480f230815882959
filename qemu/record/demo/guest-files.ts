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
  const name = readdirSync(folder).find((entry) => pattern.test(entry));
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

/** Unpacks both packages into a folder and takes out what the guests need. */
async function unpack(packages: GuestPackages, work: string, into: string): Promise<void> {
  for (const file of [packages.kernel, packages.busybox]) {
    await runTool("dpkg-deb", ["-x", file, work]);
  }
  const busybox = present(work, ["bin/busybox", "usr/bin/busybox"]);
  const trees = present(work, ["lib/modules", "usr/lib/modules"]);
  const tree = onlyEntry(trees, /^\d/);
  mkdirSync(join(into, "modules"), { recursive: true });
  cpSync(onlyEntry(join(work, "boot"), /^vmlinuz-/), join(into, "vmlinuz"));
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
  const names = [packages.kernel, packages.busybox].map((file) => basename(file, ".deb"));
  const folder = join(cacheFolder(), "guests", names.join("+"));
  const kernelVersion = (names[0] ?? "").split("_")[1] ?? "";
  const files = { folder, kernel: join(folder, "vmlinuz"), kernelVersion };
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
