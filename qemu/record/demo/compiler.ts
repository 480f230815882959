import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { compile, sourceFile } from "../c-compiler.ts";

/**
 * Compiles the user-space driver of the demo guest to a program that needs no libraries.
 *
 * @param folder  where to write it for a moment.
 * @throws ProgramError when there is no C compiler, or it fails.
 */
export function compileDriver(folder: string): Uint8Array {
  const program = join(folder, "vfio");
  const words = ["-static", "-O1", "-s", "-o", program, sourceFile("demo/vfio.c")];
  compile(words, "this guest's user-space driver");
  const bytes = readFileSync(program);
  rmSync(program);
  return bytes;
}
