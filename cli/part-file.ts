import { existsSync, realpathSync, renameSync, rmSync, statSync } from "node:fs";
import { fileError, InputError } from "./input-error.ts";
import type { Terminal } from "./terminal.ts";

/** A file that is written beside its final name, and has that name once it is whole. */
export interface PartFile {
  /** Where to write. */
  readonly path: string;
  /** Gives it its final name, in place of what has it. */
  readonly keep: () => void;
  /** Removes it; what had the final name stays. */
  readonly drop: () => void;
}

const nothing = (): void => undefined;

/** Whether something has the name that is no file to be replaced: a device, a pipe, a folder. */
const isSpecial = (file: string): boolean => existsSync(file) && !statSync(file).isFile();

const resolved = (file: string): string | undefined => {
  try {
    return realpathSync(file);
  } catch {
    return undefined;
  }
};

function removed(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // It never was there: whoever drops it knows why it could not be written.
  }
}

/**
 * The place beside `file` where it is written. A link stays one: what it names is replaced. What is
 * no file, such as `/dev/null` or a pipe, is written as it is.
 */
export function partOf(file: string): PartFile {
  if (isSpecial(file)) return { path: file, keep: nothing, drop: nothing };
  const whole = resolved(file) ?? file;
  const path = `${whole}.${process.pid.toString()}.part`;
  return {
    path,
    keep: () => {
      try {
        renameSync(path, whole);
      } catch (error) {
        throw fileError(file, error);
      }
    },
    drop: () => removed(path),
  };
}

/** What a command that writes a file is told about it. */
export interface TargetFile {
  readonly file: string;
  /** The file that is being read, if there is one. */
  readonly from?: string;
  /** What is there already may be replaced. */
  readonly force: boolean | undefined;
}

/**
 * Refuses to write over the file that is being read, and, unless it may, over any other: on a
 * terminal it asks. To be called before any long work.
 *
 * @throws InputError when the file is not to be written.
 */
export async function checkTarget(
  { confirm }: Terminal,
  { file, from, force }: TargetFile,
): Promise<void> {
  if (file === "-") return;
  const target = resolved(file);
  if (target === undefined || isSpecial(target)) return;
  if (from !== undefined && target === resolved(from)) {
    throw new InputError(`${file}: is the file that is being read`);
  }
  if (force === true || (await confirm?.(`${file} is there already. Replace it?`))) return;
  throw new InputError(`${file}: is there already; --force replaces it`);
}

/** The option that lets a command replace a file. */
export const forceOption = ["--force", "replace the file if it is there already"] as const;
