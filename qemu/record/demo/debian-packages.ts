import { mkdirSync, readdirSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { ProgramError } from "../../../target/program-error.ts";
import { offered, runTool } from "./package-tool.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** The two packages that a demo guest is made of. */
export interface GuestPackages {
  readonly kernel: string;
  readonly busybox: string;
}

/** The folder where downloaded packages are kept: below XDG_CACHE_HOME, or `~/.cache`. */
export function cacheFolder(): string {
  const base = process.env["XDG_CACHE_HOME"] ?? "";
  return join(base === "" ? join(homedir(), ".cache") : base, "shadowfold");
}

/** The newest packages in a folder, by version; `undefined` unless both are there. */
export function packagesIn(folder: string): GuestPackages | undefined {
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
  const kernel = newest(/^linux-image-\d.*_amd64\.deb$/);
  const busybox = newest(/^busybox-static_.*_amd64\.deb$/);
  if (kernel === undefined || busybox === undefined) return undefined;
  return { kernel: join(folder, kernel), busybox: join(folder, busybox) };
}

/** The package of the kernel that Debian's `linux-image-amd64` stands for today. */
async function kernelPackage(): Promise<string> {
  const said = await runTool("apt-cache", ["depends", "linux-image-amd64"]);
  const name = /Depends: (linux-image-\d\S*)/.exec(said)?.[1];
  if (name !== undefined) return name;
  throw new ProgramError(`apt knows no linux-image-amd64; ${offered}`);
}

/**
 * The packages of a demo guest: those in a folder, or those kept from an earlier time, or new ones
 * by `apt-get download`, which installs nothing.
 *
 * @param folder  where they are; when missing they are kept in the cache.
 * @param say  told what takes a while.
 * @throws ProgramError when they are not there and cannot be had.
 */
export async function findPackages(
  folder: string | undefined,
  say: (text: string) => void,
): Promise<GuestPackages> {
  if (folder !== undefined) {
    const there = packagesIn(folder);
    if (there !== undefined) return there;
    throw new ProgramError(`${folder}: lacks a linux-image-…_amd64.deb or a busybox-static_….deb`);
  }
  const kept = join(cacheFolder(), "packages");
  const there = packagesIn(kept);
  if (there !== undefined) return there;
  const kernel = await kernelPackage();
  say(`downloading ${kernel} and busybox-static`);
  mkdirSync(kept, { recursive: true });
  // What is only half downloaded has its name already.
  const { path: work, remove } = temporaryFolder(join(cacheFolder(), "downloading-"));
  try {
    await runTool("apt-get", ["-q", "download", kernel, "busybox-static"], work);
    for (const name of readdirSync(work)) renameSync(join(work, name), join(kept, name));
  } finally {
    remove();
  }
  const found = packagesIn(kept);
  if (found !== undefined) return found;
  throw new ProgramError(`apt-get downloaded no packages for amd64; ${offered}`);
}
