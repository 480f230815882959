/**
 * How software's writes change one register. Bits neither writable nor write-1-to-clear keep their
 * value.
 */
export interface RegisterRule {
  readonly name: string;
  readonly offset: number;
  /** 4 or 8. */
  readonly bytes: number;
  readonly writable: bigint;
  readonly w1c: bigint;
  /** Bits that the unit may change by itself in consequence of a write: not to be compared. */
  readonly own: bigint;
}

const rule = (
  name: string,
  offset: number,
  bytes: number,
  bits: Partial<Pick<RegisterRule, "writable" | "w1c" | "own">> = {},
): RegisterRule => ({ ...{ name, offset, bytes, writable: 0n, w1c: 0n, own: 0n }, ...bits });

const has = (word: bigint, bit: number): boolean => ((word >> BigInt(bit)) & 1n) === 1n;
const when = (on: boolean, mask: bigint): bigint => (on ? mask : 0n);

/**
 * The four registers of an event line: control with IM (31) and IP (30), data, address, upper
 * address.
 */
function eventLine(prefix: string, at: number, on: boolean, eim: boolean): RegisterRule[] {
  return [
    rule(`${prefix}CTL`, at, 4, { writable: when(on, 0x8000_0000n), own: 0x4000_0000n }),
    rule(`${prefix}DATA`, at + 4, 4, { writable: when(on, 0xffffn) }),
    rule(`${prefix}ADDR`, at + 8, 4, { writable: when(on, 0xffff_fffcn) }),
    rule(`${prefix}UADDR`, at + 12, 4, { writable: when(on && eim, 0xffff_ffffn) }),
  ];
}

/**
 * The rules of the registers that do no more than keep what software writes, or lose what it
 * clears. Registers that command (GCMD, CCMD, IVA, IOTLB) are not among them.
 *
 * Reading: what a missing capability would use is read-only; protected ranges have a granularity of
 * 1 MiB.
 */
export function registerRules(cap: bigint, ecap: bigint, haw: number): readonly RegisterRule[] {
  const [qi, ir, eim] = [has(ecap, 1), has(ecap, 3), has(ecap, 4)];
  const pri = has(ecap, 29);
  // Version 2.x: page requests of 16 bytes, whose overflow FSTS tells; RTT instead of a mode.
  const ecs = has(ecap, 24);
  const [low, high] = [has(cap, 5), has(cap, 6)];
  const lowRange = when(low, 0xfff0_0000n);
  const highRange = when(high, ((1n << BigInt(haw)) - 1n) & ~0xf_ffffn);
  const rules = [
    rule("VER", 0x00, 4),
    rule("CAP", 0x08, 8),
    rule("ECAP", 0x10, 8),
    rule("RTADDR", 0x20, 8, { writable: 0xffff_ffff_ffff_fc00n & ~when(ecs, 0x400n) }),
    // PFO, IQE, ICE and ITE; AFO, APF and PRO are never set. PPF and FRI follow the fault records.
    rule("FSTS", 0x34, 4, { w1c: 0x71n | when(ecs && pri, 0x80n), own: 0xff02n }),
    ...eventLine("FE", 0x38, true, eim),
    rule("PMEN", 0x64, 4, { writable: when(low || high, 0x8000_0000n), own: 1n }),
    rule("PLMBASE", 0x68, 4, { writable: lowRange }),
    rule("PLMLIMIT", 0x6c, 4, { writable: lowRange }),
    rule("PHMBASE", 0x70, 8, { writable: highRange }),
    rule("PHMLIMIT", 0x78, 8, { writable: highRange }),
    rule("IQH", 0x80, 8, { own: 0x7fff0n }),
    rule("IQT", 0x88, 8, { writable: when(qi, 0x7fff0n) }),
    rule("IQA", 0x90, 8, { writable: when(qi, 0xffff_ffff_ffff_f807n) }),
    rule("ICS", 0x9c, 4, { w1c: when(qi, 1n) }),
    ...eventLine("IE", 0xa0, qi, eim),
    rule("IQERCD", 0xb0, 8, { own: 0xffff_ffff_0000_000fn }),
    rule("IRTA", 0xb8, 8, { writable: when(ir, 0xffff_ffff_ffff_f80fn) }),
    rule("PQH", 0xc0, 8, { writable: when(pri, ecs ? 0x7fff0n : 0x7ffe0n) }),
    rule("PQT", 0xc8, 8, { writable: when(pri, ecs ? 0x7fff0n : 0x7ffe0n) }),
    rule("PQA", 0xd0, 8, { writable: when(pri, 0xffff_ffff_ffff_f007n) }),
    rule("PRS", 0xdc, 4, { w1c: when(pri, ecs ? 1n : 3n) }),
    ...eventLine("PE", 0xe0, pri, eim),
  ];
  const first = Number((cap >> 24n) & 0x3ffn) * 16;
  const count = Number((cap >> 40n) & 0xffn) + 1;
  for (let index = 0; index < count; index++) {
    rules.push(rule(`FRCD${index} low`, first + index * 16, 8));
    rules.push(rule(`FRCD${index} high`, first + index * 16 + 8, 8, { w1c: 1n << 63n }));
  }
  return rules;
}

const byteAt = (word: bigint, index: number): number => Number((word >> BigInt(8 * index)) & 0xffn);

/**
 * The register page after a write, byte by byte: each written byte takes what its rule lets
 * through.
 *
 * @param page   4096 bytes, little-endian registers. Not changed.
 * @param offset of the first byte, any alignment.
 * @param size   1 to 8 bytes; those beyond the page are lost.
 */
export function afterWrite(
  page: Uint8Array,
  rules: readonly RegisterRule[],
  offset: number,
  size: number,
  value: bigint,
): Uint8Array {
  const after = page.slice();
  for (let index = 0; index < size && offset + index < page.length; index++) {
    const at = offset + index;
    const found = rules.find((each) => at >= each.offset && at < each.offset + each.bytes);
    if (!found) continue;
    const w = byteAt(found.writable, at - found.offset);
    const w1c = byteAt(found.w1c, at - found.offset);
    const old = page[at] ?? 0;
    const written = byteAt(value, index);
    after[at] = ((old & ~w) | (written & w)) & ~(w1c & written);
  }
  return after;
}

/** A mask over the register page of the bits that a prediction may be compared in. */
export function comparable(rules: readonly RegisterRule[]): Uint8Array {
  const mask = new Uint8Array(4096);
  for (const each of rules) {
    for (let index = 0; index < each.bytes; index++) {
      mask[each.offset + index] = 0xff & ~byteAt(each.own, index);
    }
  }
  return mask;
}
