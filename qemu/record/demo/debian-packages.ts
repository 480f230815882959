import { execFile } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { QemuError } from "../../process.ts";

/** The two packages that a demo guest is made of. */
export interface GuestPackages {
  readonly kernel: string;
  readonly busybox: string;
}

const limitMs = 300_000;
const offered =
  "--packages DIR takes a folder with Debian's linux-image-…_amd64.deb and busybox-static_….deb";

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

/**
 * Runs a program to its end and gives what it printed.
 *
 * @throws QemuError in one line when there is no such program or it fails.
 */
export async function runTool(
  program: string,
  words: readonly string[],
  folder?: string,
): Promise<string> {
  const options = { env: { ...process.env, LC_ALL: "C" }, timeout: limitMs, maxBuffer: 1 << 26 };
  try {
    const run = promisify(execFile);
    const { stdout } = await run(program, words, { ...options, ...(folder && { cwd: folder }) });
    return stdout;
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string };
    if (code === "ENOENT") throw new QemuError(`${program} is not installed; ${offered}`);
    const lines = (stderr ?? "").split("\n").filter((line) => /^(E:|dpkg)/.test(line));
    throw new QemuError(`${program} failed: ${lines.at(-1) ?? "no reason given"}; ${offered}`);
  }
}

/** The package of the kernel that Debian's `linux-image-amd64` stands for today. */
async function kernelPackage(): Promise<string> {
  const said = await runTool("apt-cache", ["depends", "linux-image-amd64"]);
  const name = /Depends: (linux-image-\d\S*)/.exec(said)?.[1];
  if (name !== undefined) return name;
  throw new QemuError(`apt knows no linux-image-amd64; ${offered}`);
}

/**
 * The packages of a demo guest: those in a folder, or those kept from an earlier time, or new ones
 * by `apt-get download`, which installs nothing.
 *
 * @param folder  where they are; when missing they are kept in the cache.
 * @param say  told what takes a while.
 * @throws QemuError when they are not there and cannot be had.
 */
export async function findPackages(
  folder: string | undefined,
  say: (text: string) => void,
): Promise<GuestPackages> {
  if (folder !== undefined) {
    const there = packagesIn(folder);
    if (there !== undefined) return there;
    throw new QemuError(`${folder}: lacks a linux-image-…_amd64.deb or a busybox-static_….deb`);
  }
  const kept = join(cacheFolder(), "packages");
  const there = packagesIn(kept);
  if (there !== undefined) return there;
  const kernel = await kernelPackage();
  say(`downloading ${kernel} and busybox-static`);
  mkdirSync(kept, { recursive: true });
  await runTool("apt-get", ["-q", "download", kernel, "busybox-static"], kept);
  const found = packagesIn(kept);
  if (found !== undefined) return found;
  throw new QemuError(`apt-get downloaded no packages for amd64; ${offered}`);
}
