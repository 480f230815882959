import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ProgramError } from "../../../target/program-error.ts";

const compilers = ["cc", "gcc", "clang"];
const limitMs = 60_000;

/** The driver's source, in this package: next to this file, or below a folder above the bundle. */
function sourceFile(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const places = [join(here, "vfio.c"), join(here, "..", "qemu", "record", "demo", "vfio.c")];
  const found = places.find((place) => existsSync(place));
  if (found === undefined) throw new ProgramError("vfio.c is missing from this installation");
  return found;
}

/**
 * Compiles the user-space driver of the demo guest to a program that needs no libraries.
 *
 * @param folder  where to write it for a moment.
 * @throws ProgramError when there is no C compiler, or it fails.
 */
export function compileDriver(folder: string): Uint8Array {
  const source = sourceFile();
  const program = join(folder, "vfio");
  for (const compiler of compilers) {
    const { error, status, stderr } = spawnSync(
      compiler,
      ["-static", "-O1", "-s", "-o", program, source],
      { encoding: "latin1", timeout: limitMs },
    );
    if (error !== undefined && "code" in error && error.code === "ENOENT") continue;
    if (error !== undefined || status !== 0) {
      const said =
        stderr.split("\n").find((line) => line.includes("error")) ?? `${compiler} failed`;
      throw new ProgramError(`the user-space driver does not compile: ${said}`);
    }
    const bytes = readFileSync(program);
    rmSync(program);
    return bytes;
  }
  throw new ProgramError("a C compiler is needed for this guest's user-space driver (Debian: gcc)");
}
