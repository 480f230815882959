import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { ProgramError } from "../../../target/program-error.ts";
import type { QemuBinary } from "../../binary.ts";
import { compile, sourceFile } from "../c-compiler.ts";
import { cacheFolder } from "../demo/debian-packages.ts";
import { temporaryFolder } from "../demo/temporary-folder.ts";

const parts = ["plugin.c", "registers.c", "tables.c", "entries.c"];
const headers = ["registers.h", "tables.h", "entries.h"];
/** No QEMU has an interface of this number: asked for it, it says which one it has. */
const unknownInterface = 1_000_000;
const limitMs = 10_000;

/** The plugin, compiled for one number of QEMU's interface, in the cache or new. */
function compiled(version: number): string {
  const sources = [...parts, ...headers].map((name) => sourceFile(`plugin/${name}`));
  const hash = createHash("sha256");
  for (const source of sources) hash.update(readFileSync(source));
  const name = `${hash.digest("hex").slice(0, 16)}-${version.toString()}.so`;
  const folder = join(cacheFolder(), "plugins");
  const file = join(folder, name);
  if (existsSync(file)) return file;
  mkdirSync(folder, { recursive: true });
  // What is only half written must not have its name.
  const { path: work, remove } = temporaryFolder(join(cacheFolder(), "compiling-"));
  try {
    const made = join(work, name);
    const words = ["-shared", "-fPIC", "-O2", "-fvisibility=hidden", "-o", made];
    const code = sources.slice(0, parts.length);
    compile([...words, `-DINTERFACE=${version.toString()}`, ...code], "the recorder's plugin");
    renameSync(made, file);
  } finally {
    remove();
  }
  return file;
}

/** The newest interface for plugins that a QEMU has; `undefined` when it has none. */
function interfaceOf(path: string): number | undefined {
  const plugin = compiled(unknownInterface).replaceAll(",", ",,");
  const words = ["-machine", "none", "-nodefaults", "-display", "none", "-plugin", plugin];
  const { stderr } = spawnSync(path, words, { encoding: "latin1", timeout: limitMs });
  const said = /only up to version (\d+)/.exec(stderr ?? "")?.[1];
  return said === undefined ? undefined : Number(said);
}

/**
 * Compiles the plugin for a QEMU, or finds it in the cache.
 *
 * @returns its file.
 * @throws ProgramError when there is no C compiler, or this QEMU takes no plugins.
 */
export function pluginFor({ path }: QemuBinary): string {
  const version = interfaceOf(path);
  if (version !== undefined) return compiled(version);
  throw new ProgramError(`${path}: this QEMU takes no plugins (--by stops does without)`);
}
