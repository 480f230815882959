import type { Access } from "../../events/input.ts";
import type { HasBug } from "./bugs.ts";
import type { Memory } from "./memory.ts";

/** Where a request goes, or why it does not. */
export type Translated =
  | { readonly at: bigint; readonly did: number }
  | { readonly fault: number; readonly suppressed: boolean };

/** A request without PASID. */
export interface Asked {
  readonly source: number;
  readonly address: bigint;
  readonly access: Access;
}

/** Host address width, and with it the address bits that an entry may use. */
const width = 48n;
const beyond = ((1n << 64n) - 1n) ^ ((1n << width) - 1n);
const addressBits = ((1n << 52n) - 1n) & ~0xfffn;
const [readable, writable, isLarge, snoop] = [1n, 2n, 0x80n, 0x800n];

/** Bits of a second-stage entry that have to be 0, by its level and whether it is a leaf. */
function reservedBits(level: number, large: boolean): bigint {
  const high = (beyond & addressBits) | (1n << 62n);
  if (level > 3) return high | isLarge | snoop;
  if (large) return high | ((1n << BigInt(9 * level + 3)) - 0x1000n);
  return level > 1 ? high | snoop : high;
}

/** Where a domain's address led before, if that is remembered. */
type Remembered = (did: number) => bigint | undefined;

/** Translates by the guest's tables in memory; of contexts nothing is remembered. */
export function translationOf(memory: Memory, hasBug: HasBug) {
  /** Walks tables of `levels` levels. @returns the address, or the reason of a fault. */
  const walk = (root: bigint, levels: number, { address, access }: Asked): bigint | number => {
    let table = root;
    let [reads, writes] = [true, true];
    for (let level = levels; ; level--) {
      const off = hasBug(7) && levels === 3 && level === 2 ? 9 : 0;
      const shift = BigInt(9 * level + 3 - off);
      const entry = memory.word(table + ((address >> shift) & 0x1ffn) * 8n);
      // The table that the context names, or one below it.
      if (entry === undefined) return level === levels ? 3 : 7;
      reads = (entry & readable) !== 0n;
      writes = (entry & writable) !== 0n || (writes && reads && hasBug(9) && level === 1);
      if (access === "write" && !writes) return 5;
      if (access === "read" && !reads) return 6;
      const large = level > 1 && (entry & isLarge) !== 0n;
      if ((entry & reservedBits(level, large)) !== 0n) return 0xc;
      if (level > 1 && !large) {
        table = entry & addressBits;
        continue;
      }
      const offset = (1n << BigInt(9 * level + 3)) - 1n;
      const found = (entry & addressBits & ~offset) | (address & offset);
      return found >= 0xfee0_0000n && found < 0xfef0_0000n ? 0xe : found;
    }
  };

  /** Reads root and context entry. @returns the lower and upper half, or the reason of a fault. */
  const contextOf = (root: bigint, source: number): readonly [bigint, bigint] | number => {
    const entry = root + BigInt(source >> 8) * 16n;
    const [low, high] = [memory.word(entry), memory.word(entry + 8n)];
    if (low === undefined || high === undefined) return 8;
    if ((low & 1n) === 0n) return 1;
    if ((low & (0xffen | beyond)) !== 0n || high !== 0n) return 0xa;
    const place = (low & ~0xfffn) + BigInt(source & 0xff) * 16n;
    const context = [memory.word(place), memory.word(place + 8n)] as const;
    const [first, second] = context;
    return first === undefined || second === undefined ? 9 : [first, second];
  };

  return (root: bigint, asked: Asked, remembered: Remembered): Translated => {
    const context = contextOf(root, asked.source);
    if (typeof context === "number") return { fault: context, suppressed: false };
    const [low, high] = context;
    const isPresent = (low & 1n) !== 0n;
    const suppressed = (low & 2n) !== 0n && (isPresent || !hasBug(5));
    const blocked = (fault: number): Translated => ({ fault, suppressed });
    if (!isPresent) return blocked(2);
    if ((low & (0xff0n | beyond)) !== 0n || (high & ~0xff_ff7fn) !== 0n) return blocked(0xb);
    const [type, levels] = [(low >> 2n) & 3n, Number(high & 7n) + 2];
    if (type === 1n || type === 3n || levels < 3 || levels > 4) return blocked(3);
    const did = Number(high >> 8n) & 0xffff;
    const isPassed = type === 2n;
    const bits = isPassed ? width : BigInt(9 * levels + 12);
    if (asked.address >> (bits < width ? bits : width) !== 0n) return blocked(4);
    if (isPassed) return { at: asked.address, did };
    const found = remembered(did) ?? walk(low & addressBits, levels, asked);
    return typeof found === "number" ? blocked(found) : { at: found, did };
  };
}
