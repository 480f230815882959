import { frozen } from "../../events/frozen.ts";
import { Irta } from "../../events/registers/interrupt-table.ts";

/** The interrupt remapping table as the unit uses it. */
export interface InterruptTable {
  /** GPA in bytes, 4 KiB aligned. */
  readonly address: bigint;
  /** Number of entries. */
  readonly count: number;
  /** Extended interrupt mode: destinations have 32 bits. */
  readonly eime: boolean;
}

/** An interrupt entry as it was read, and the number of the event that says so. */
export interface KnownEntry {
  /** 128 bits. */
  readonly entry: bigint;
  readonly since: number;
}

/** Before SIRTP there is no table. */
export const noInterruptTable: InterruptTable = frozen({ address: 0n, count: 0, eime: false });

/** The table that a value of IRTA describes. */
export function interruptTableOf(value: bigint): InterruptTable {
  const { irta, s, eime } = Irta.decode(value);
  return { address: irta, count: 2 ** (s + 1), eime };
}
