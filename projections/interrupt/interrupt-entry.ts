import { readable } from "../../tables/mapping.ts";
import { blankPage, pageAt, wordsIn } from "../../tables/memory.ts";
import type { Guest } from "../guest.ts";
import type { InterruptTable } from "./interrupts.ts";

/** The GPA in bytes of an entry. */
export const interruptEntryAddress = ({ address }: InterruptTable, index: number): bigint =>
  address + BigInt(index * 16);

/**
 * The 128 bits of an entry as memory has them now, or `undefined` when the P2M does not let them be
 * read.
 */
export function readInterruptEntry(guest: Guest, index: number): bigint | undefined {
  const address = interruptEntryAddress(guest.interruptTable, index);
  const gfn = Number(address >> 12n);
  if (!readable(guest.p2m, gfn)) return undefined;
  const page = pageAt(guest.memory, gfn) ?? blankPage;
  return wordsIn(page, Number(address & 0xfffn), 2);
}
