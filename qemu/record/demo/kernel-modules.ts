import { readdirSync } from "node:fs";
import { basename, join } from "node:path";

/** A loadable part of the kernel. */
export interface KernelModule {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The kernel takes a hyphen and an underscore in a module's name for the same. */
const plainName = (name: string): string => name.replaceAll("-", "_");

/** The modules that one must be loaded after, as its file says. */
function dependencies(bytes: Buffer): readonly string[] {
  const mark = Buffer.from("\0depends=");
  const start = bytes.indexOf(mark);
  if (start < 0) return [];
  const end = bytes.indexOf(0, start + mark.length);
  const names = bytes.toString("latin1", start + mark.length, end).split(",");
  return names.filter((name) => name !== "");
}

/**
 * The wanted modules of a kernel and those that they need, in an order in which each can be loaded.
 * A name that has no file is taken to be built into the kernel.
 *
 * @param directory  the kernel's tree of modules, such as `lib/modules/6.1.0-1-amd64`.
 * @param read  the bytes of a module, decompressed if its name says that it is compressed.
 */
export function loadOrder(
  directory: string,
  wanted: readonly string[],
  read: (file: string) => Buffer,
): readonly KernelModule[] {
  const files = new Map<string, string>();
  for (const file of readdirSync(directory, { recursive: true, encoding: "utf8" })) {
    const name = /^(.+)\.ko(\.\w+)?$/.exec(basename(file));
    if (name?.[1] !== undefined) files.set(plainName(name[1]), join(directory, file));
  }
  const ordered = new Map<string, KernelModule>();
  const begun = new Set<string>();
  const add = (wantedName: string): void => {
    const name = plainName(wantedName);
    const file = files.get(name);
    if (file === undefined || begun.has(name)) return;
    begun.add(name);
    const bytes = read(file);
    for (const needed of dependencies(bytes)) add(needed);
    ordered.set(name, { name, bytes });
  };
  for (const name of wanted) add(name);
  return [...ordered.values()];
}
