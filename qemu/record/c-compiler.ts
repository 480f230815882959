import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ProgramError } from "../../target/program-error.ts";

const compilers = ["cc", "gcc", "clang"];
const limitMs = 60_000;

/**
 * A source file of this package: below this folder, or below a folder above the bundle.
 *
 * @param path  from this folder on.
 * @throws ProgramError when it is missing.
 */
export function sourceFile(path: string): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const places = [join(here, path), join(here, "..", "qemu", "record", path)];
  const found = places.find((place) => existsSync(place));
  if (found === undefined) throw new ProgramError(`${path} is missing from this installation`);
  return found;
}

/**
 * Compiles with the first C compiler on PATH.
 *
 * @param words  the compiler's arguments.
 * @param what  what is compiled, for errors.
 * @throws ProgramError when there is no C compiler, or it fails.
 */
export function compile(words: readonly string[], what: string): void {
  for (const compiler of compilers) {
    const { error, status, stderr } = spawnSync(compiler, words, {
      encoding: "latin1",
      timeout: limitMs,
    });
    if (error !== undefined && "code" in error && error.code === "ENOENT") continue;
    if (error === undefined && status === 0) return;
    const said = stderr.split("\n").find((line) => line.includes("error")) ?? `${compiler} failed`;
    throw new ProgramError(`${what} does not compile: ${said}`);
  }
  throw new ProgramError(`a C compiler is needed for ${what} (Debian: gcc)`);
}
