import { spawnSync } from "node:child_process";
import { closeSync, ftruncateSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const folderOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const sources = ["plugin.c", "registers.c", "tables.c", "entries.c", "test/pretend-qemu.c"];

/** Whether there is a C compiler. */
export const hasCompiler = spawnSync("cc", ["--version"]).status === 0;

/** One word of memory as its bytes lie there. */
export const word = (value: bigint): string => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  return bytes.toString("hex");
};

/**
 * The plugin in a program that stands in for QEMU, for one number of QEMU's interface.
 *
 * @param folder  where it is compiled and its files are made.
 * @returns what runs steps, as `pretend-qemu.c` lists them, in memory of one MiB that is zero, and
 *   gives the lines of the trace.
 */
export function pretendQemu(folder: string, version: number): (...steps: string[]) => string[] {
  const program = join(folder, `pretend-${version.toString()}`);
  const words = ["-O1", "-Wall", "-Wextra", "-Werror", `-DINTERFACE=${version.toString()}`];
  const files = sources.map((name) => folderOf(`../${name}`));
  const { status, stderr } = spawnSync("cc", [...words, "-o", program, ...files], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
  return (...steps) => {
    const [memory, trace] = [join(folder, "memory"), join(folder, "trace")];
    rmSync(memory, { force: true });
    const file = openSync(memory, "w");
    ftruncateSync(file, 1 << 20);
    closeSync(file);
    writeFileSync(trace, "vtd_context_cache_reset \n");
    const input = steps.map((step) => `${step}\n`).join("");
    const run = spawnSync(program, [memory, trace], { input, encoding: "utf8", timeout: 10_000 });
    if (run.status !== 0) throw new Error(`pretend-qemu: ${run.signal ?? ""} ${run.stderr}`);
    return readFileSync(trace, "latin1").trimEnd().split("\n").slice(1);
  };
}
