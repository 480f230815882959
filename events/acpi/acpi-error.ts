import { hex } from "../address.ts";

/** A table that cannot be read or built: the byte that is wrong, counted from 0, and why. */
export class AcpiError extends Error {
  readonly offset: number;
  readonly reason: string;

  constructor(offset: number, reason: string) {
    super(`byte ${hex(offset)}: ${reason}`);
    this.offset = offset;
    this.reason = reason;
  }
}
