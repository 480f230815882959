import { printable } from "../events/printable.ts";

/**
 * A file, option or argument that cannot be used: where and why, in one line. The program ends with
 * exit code 2.
 */
export class InputError extends Error {
  constructor(message: string) {
    super(printable(message));
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  EEXIST: "exists already",
  ENOTEMPTY: "exists already, and is not empty",
  EADDRINUSE: "is in use already",
  EADDRNOTAVAIL: "is no address of this machine",
  EBUSY: "is in use",
  ENOTFOUND: "is no address that is known here",
  EXDEV: "is on another file system",
  EINVAL: "is no name that can be used",
  EPERM: "permission denied",
  EISDIR: "is a directory",
  ENOTDIR: "a part of the path is not a directory",
  ENOSPC: "no space left",
  EROFS: "read-only file system",
  EMFILE: "too many open files",
  ELOOP: "too many symbolic links",
  ENAMETOOLONG: "name too long",
  ERR_SOCKET_BAD_PORT: "a port is from 0 to 65535",
};

/** What a failed file operation means, in words. */
export function systemReason(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code === "string") return reasons[code] ?? code;
  return typeof message === "string" ? (message.split("\n", 1)[0] ?? message) : "failed";
}

/** A word of the command line as an error names it; an empty one can be seen. */
export const named = (word: string): string => (word === "" ? "''" : word);

/** `FILE: reason`. */
export const fileError = (file: string, error: unknown): InputError =>
  new InputError(`${named(file)}: ${systemReason(error)}`);

/** `FILE:LINE: reason`. */
export const lineError = (file: string, line: number, reason: string): InputError =>
  new InputError(`${file}:${line.toString()}: ${reason}`);
