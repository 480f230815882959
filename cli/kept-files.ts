import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { linuxTraceIn } from "../qemu/record/demo/linux-trace.ts";
import { files } from "../qemu/record/machine.ts";
import { fileError } from "./input-error.ts";

/**
 * Copies QEMU's trace and the guest's console, as far as there are any.
 *
 * @param hasLinuxTrace  whether Linux's own trace, among the console's lines, is kept too.
 * @throws InputError when they cannot be written.
 */
export function keepFiles(from: string, to: string, hasLinuxTrace: boolean): void {
  try {
    for (const name of [files.trace, files.console]) {
      if (existsSync(join(from, name))) copyFileSync(join(from, name), join(to, name));
    }
    if (!hasLinuxTrace || !existsSync(join(from, files.console))) return;
    const trace = linuxTraceIn(readFileSync(join(from, files.console), "latin1"));
    writeFileSync(join(to, "linux-trace.txt"), trace);
  } catch (error) {
    throw fileError(to, error);
  }
}
