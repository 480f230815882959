import { mkdirSync, readdirSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { ProgramError } from "../../../target/program-error.ts";
import { offered, runTool } from "./package-tool.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** The packages that a demo guest is made of. */
export interface GuestPackages {
  /** The package of the kernel: all of it, or the one that names the others. */
  readonly kernel: string;
  /** The parts of a kernel that is split: its files, its image and its modules. */
  readonly parts: readonly string[];
  readonly busybox: string;
  /** Xen, where the guest needs it. */
  readonly hypervisor: string | undefined;
}

/** The folder where downloaded packages are kept: below XDG_CACHE_HOME, or `~/.cache`. */
export function cacheFolder(): string {
  const base = process.env["XDG_CACHE_HOME"] ?? "";
  return join(base === "" ? join(homedir(), ".cache") : base, "shadowfold");
}

const image = /^linux-image-(\d[^_]*)_([^_]*)_amd64\.deb$/;

/** The names of the packages that a kernel is split into: Debian does so since Linux 7. */
function partsOf(kernel: string, names: readonly string[]): readonly string[] {
  const [, release = "", version = ""] = image.exec(kernel) ?? [];
  const parts = ["base", "binary", "modules"].map(
    (part) => `linux-${part}-${release}_${version}_amd64.deb`,
  );
  return parts.filter((name) => names.includes(name));
}

/**
 * The newest packages in a folder, by version.
 *
 * @param needsXen  whether Xen is one of them.
 * @returns `undefined` unless all are there.
 */
export function packagesIn(folder: string, needsXen: boolean): GuestPackages | undefined {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return undefined;
  }
  const newest = (pattern: RegExp): string | undefined =>
    names
      .filter((name) => pattern.test(name))
      .sort((a, b) => a.localeCompare(b, "en", { numeric: true }))
      .at(-1);
  const kernel = newest(image);
  const busybox = newest(/^busybox-static_.*_amd64\.deb$/);
  const xen = needsXen ? newest(/^xen-hypervisor-\d.*_amd64\.deb$/) : undefined;
  if (kernel === undefined || busybox === undefined) return undefined;
  if (needsXen && xen === undefined) return undefined;
  return {
    kernel: join(folder, kernel),
    parts: partsOf(kernel, names).map((name) => join(folder, name)),
    busybox: join(folder, busybox),
    hypervisor: xen === undefined ? undefined : join(folder, xen),
  };
}

/** What a package depends on, as far as it matches. */
async function dependencies(name: string, wanted: RegExp): Promise<readonly string[]> {
  const said = await runTool("apt-cache", ["depends", name]);
  const found = [...said.matchAll(/Depends: (\S+)/g)].map(([, each = ""]) => each);
  return found.filter((each) => wanted.test(each));
}

/** The packages that Debian's `linux-image-amd64` and `xen-system-amd64` stand for today. */
async function packageNames(needsXen: boolean): Promise<readonly string[]> {
  const kernels = await dependencies("linux-image-amd64", /^linux-image-\d/);
  const [kernel] = kernels;
  if (kernel === undefined) throw new ProgramError(`apt knows no linux-image-amd64; ${offered}`);
  const parts = await dependencies(kernel, /^linux-(base|binary|modules)-\d/);
  if (!needsXen) return [kernel, ...parts, "busybox-static"];
  const [xen] = await dependencies("xen-system-amd64", /^xen-hypervisor-\d/);
  if (xen === undefined) throw new ProgramError(`apt knows no xen-system-amd64; ${offered}`);
  return [kernel, ...parts, "busybox-static", xen];
}

/**
 * The packages of a demo guest: those in a folder, or those kept from an earlier time, or new ones
 * by `apt-get download`, which installs nothing.
 *
 * @param folder  where they are; when missing they are kept in the cache.
 * @param needsXen  whether Xen is one of them.
 * @param say  told what takes a while.
 * @throws ProgramError when they are not there and cannot be had.
 */
export async function findPackages(
  folder: string | undefined,
  needsXen: boolean,
  say: (text: string) => void,
): Promise<GuestPackages> {
  if (folder !== undefined) {
    const there = packagesIn(folder, needsXen);
    if (there !== undefined) return there;
    const xen = needsXen ? ", a xen-hypervisor-….deb" : "";
    throw new ProgramError(
      `${folder}: lacks a linux-image-…_amd64.deb${xen} or a busybox-static_….deb`,
    );
  }
  const kept = join(cacheFolder(), "packages");
  const there = packagesIn(kept, needsXen);
  if (there !== undefined) return there;
  const wanted = await packageNames(needsXen);
  say(`downloading ${wanted.join(", ")}`);
  mkdirSync(kept, { recursive: true });
  // What is only half downloaded has its name already.
  const { path: work, remove } = temporaryFolder(join(cacheFolder(), "downloading-"));
  try {
    await runTool("apt-get", ["-q", "download", ...wanted], work);
    for (const name of readdirSync(work)) renameSync(join(work, name), join(kept, name));
  } finally {
    remove();
  }
  const found = packagesIn(kept, needsXen);
  if (found !== undefined) return found;
  throw new ProgramError(`apt-get downloaded no packages for amd64; ${offered}`);
}
