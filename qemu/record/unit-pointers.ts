import { masksOf } from "../../events/layout/layout.ts";
import { Gcmd } from "../../events/registers/command.ts";
import { at } from "../../events/registers/offset.ts";
import { Iqt } from "../../events/registers/queue.ts";

/** What the guest has told the unit about its structures in memory, as raw words of registers. */
export interface UnitPointers {
  /** RTADDR when SRTP was last given; `undefined` before that. */
  readonly root: bigint | undefined;
  /** IRTA when SIRTP was last given; `undefined` before that. */
  readonly interrupts: bigint | undefined;
  /** IQA as it was last written. */
  readonly queue: bigint;
  /** IQT as it was last written: an offset in bytes. */
  readonly tail: number;
}

/** The pointers of a unit, and how a register write changes them. */
export interface PointerTracker {
  readonly pointers: () => UnitPointers;
  /** A write of 4 or 8 bytes at an offset. */
  readonly write: (offset: number, size: number, value: bigint) => void;
}

const { srtp, sirtp } = masksOf(Gcmd);
const low = 0xffff_ffffn;

/** Follows the registers that hold pointers from reset on. */
export function trackPointers(): PointerTracker {
  const words = new Map<number, bigint>();
  const word = (offset: number): bigint => words.get(offset) ?? 0n;
  let root: bigint | undefined;
  let interrupts: bigint | undefined;
  const write = (offset: number, size: number, value: bigint): void => {
    const base = offset & ~7;
    const old = word(base);
    if (size === 8) words.set(base, value);
    else if (offset === base) words.set(base, (old & ~low) | (value & low));
    else words.set(base, (old & low) | ((value & low) << 32n));
    if (offset !== at.gcmd) return;
    if ((value & srtp) !== 0n) root = word(at.rtaddr);
    if ((value & sirtp) !== 0n) interrupts = word(at.irta);
  };
  const pointers = (): UnitPointers => ({
    root,
    interrupts,
    queue: word(at.iqa),
    tail: Number(Iqt.decode(word(at.iqt)).qt),
  });
  return { pointers, write };
}
