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

const [gcmd, rtaddr, iqt, iqa, irta] = [0x18, 0x20, 0x88, 0x90, 0xb8];
const [srtp, sirtp] = [1n << 30n, 1n << 24n];
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
    if (offset !== gcmd) return;
    if ((value & srtp) !== 0n) root = word(rtaddr);
    if ((value & sirtp) !== 0n) interrupts = word(irta);
  };
  const pointers = (): UnitPointers => ({
    root,
    interrupts,
    queue: word(iqa),
    tail: Number(word(iqt) & 0x7_fff0n),
  });
  return { pointers, write };
}
