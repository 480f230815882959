/**
 * The values of software's registers, one slot each 4 bytes of the fixed registers; the IOTLB
 * registers, whose place the capabilities choose, have the last two. Views of other state are not
 * stored.
 */
export type Registers = readonly bigint[];

const fixedSlots = 64;

/** The slot of the register at an offset. */
const slotOf = (offset: number): number =>
  offset < fixedSlots * 4 ? offset >> 2 : fixedSlots + ((offset >> 3) & 1);

/** Registers with the values of a reset. */
export function registerFile(
  resets: readonly { readonly offset: number; readonly reset: bigint }[],
): Registers {
  const values = new Array<bigint>(fixedSlots + 2).fill(0n);
  for (const { offset, reset } of resets) values[slotOf(offset)] = reset;
  return values;
}

/** What is stored for the register at an offset. */
export const stored = (owner: { readonly registers: Registers }, offset: number): bigint =>
  owner.registers[slotOf(offset)] as bigint;

/** The registers with one value replaced. */
export function withValue(registers: Registers, offset: number, value: bigint): Registers {
  const next = registers.slice();
  next[slotOf(offset)] = value;
  return next;
}
