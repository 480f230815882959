import { closeSync, openSync, readSync } from "node:fs";

/** The memory of a guest that is held, from GPA 0 on. */
export interface GuestMemory {
  /**
   * Bytes of memory; zero where there is none.
   *
   * @param gpa  address in bytes, below 2^53.
   */
  readonly read: (gpa: number, length: number) => Buffer;
}

/** The memory that QEMU keeps in a file, until `close`. */
export function openGuestMemory(path: string): GuestMemory & { readonly close: () => void } {
  const file = openSync(path, "r");
  const read = (gpa: number, length: number): Buffer => {
    const bytes = Buffer.alloc(length);
    readSync(file, bytes, 0, length, gpa);
    return bytes;
  };
  return { read, close: () => closeSync(file) };
}
