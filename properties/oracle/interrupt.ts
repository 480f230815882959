/** An interrupt request on the bus: an MSI, or an IOAPIC's redirection table entry. */
export type Wire = { readonly address: bigint; readonly data: number } | { readonly rte: bigint };

/** What the unit was told: registers as latched, and what it can do. */
export interface InterruptUnit {
  readonly cap: bigint;
  readonly enabled: boolean;
  readonly compatibility: boolean;
  readonly irta: bigint;
}

/** What becomes of a request. */
export type Verdict =
  | { readonly kind: "delivered"; readonly text: string }
  | {
      readonly kind: "posted";
      readonly index: number;
      readonly descriptor: bigint;
      readonly vector: number;
      readonly urgent: boolean;
      readonly fpd: boolean;
    }
  | {
      readonly kind: "fault";
      readonly reason: number;
      readonly index: number | undefined;
      readonly fpd: boolean;
    };

const bit = (word: bigint, at: number): boolean => ((word >> BigInt(at)) & 1n) === 1n;
const bits = (word: bigint, high: number, low: number): number =>
  Number((word >> BigInt(low)) & ((1n << BigInt(high - low + 1)) - 1n));

const modes = "fixed lowestPriority smi reserved3 nmi init reserved6 extInt".split(" ");

/** What a delivered interrupt says. */
interface Message {
  readonly index: number | undefined;
  readonly destination: number;
  readonly vector: number;
  readonly mode: string;
  readonly logical: boolean;
  readonly level: boolean;
  readonly hint: boolean;
}

/** One text for equal messages. */
export const textOf = ({
  index,
  destination,
  vector,
  mode,
  logical,
  level,
  hint,
}: Message): string =>
  [index ?? "-", destination, vector, mode, logical ? "logical" : "physical"].join(" ") +
  `${level ? " level" : " edge"}${hint ? " hint" : ""}`;

/** A request that nothing remaps: what its own bits say. */
function unmapped(wire: Wire): Verdict {
  const word = "rte" in wire ? wire.rte : BigInt(wire.data);
  const mode = modes[bits(word, 10, 8)] ?? "";
  const destination = "rte" in wire ? bits(word, 63, 56) : bits(wire.address, 19, 12);
  const logical = "rte" in wire ? bit(word, 11) : bit(wire.address, 2);
  const hint = "rte" in wire ? false : bit(wire.address, 3);
  const [vector, level] = [bits(word, 7, 0), bit(word, 15)];
  const text = textOf({ index: undefined, destination, vector, mode, logical, level, hint });
  return { kind: "delivered", text };
}

/** Bits that must be zero are not. An address above 4 GiB, data above a sub-handle, 31 RTE bits. */
function isMalformed(wire: Wire): boolean {
  if ("rte" in wire) return bit(wire.rte, 48) && bits(wire.rte, 47, 17) !== 0;
  if (wire.address >> 32n !== 0n) return true;
  return bit(wire.address, 4) && bit(wire.address, 3) && wire.data > 0xffff;
}

/** The interrupt index that a request names, or `undefined` in the compatibility format. */
export function indexOf(wire: Wire): number | undefined {
  if ("rte" in wire) {
    return bit(wire.rte, 48) ? bits(wire.rte, 63, 49) + (bit(wire.rte, 11) ? 32768 : 0) : undefined;
  }
  if (!bit(wire.address, 4)) return undefined;
  const handle = bits(wire.address, 19, 5) | (bit(wire.address, 2) ? 32768 : 0);
  return bit(wire.address, 3) ? (handle + (wire.data & 0xffff)) & 0xffff : handle;
}

/** Whether a request reaches the table at all; if so, through which entry. */
export function reachesTable(unit: InterruptUnit, wire: Wire): number | undefined {
  if (!unit.enabled || isMalformed(wire)) return undefined;
  const index = indexOf(wire);
  return index === undefined || index >= 2 << Number(unit.irta & 15n) ? undefined : index;
}

const postingSupported = (unit: InterruptUnit): boolean => bit(unit.cap, 59);

/** Reserved bits of a present entry. */
export function hasReserved(unit: InterruptUnit, entry: bigint): boolean {
  const low = BigInt.asUintN(64, entry);
  const high = entry >> 64n;
  if (bit(entry, 15) && postingSupported(unit)) {
    return (low & 0x3f_ff00_30fcn) !== 0n || (high & 0xfff0_0000n) !== 0n;
  }
  // An APIC id of 8 bits lies in bits 47:40 alone.
  if (!bit(unit.irta, 11) && (low >> 32n) & 0xffff_00ffn) return true;
  return (low & 0xff00_f000n) !== 0n || high >> 20n !== 0n;
}

/** Whether the entry takes requests of a source-id; one that nobody recorded is not looked at. */
function isAllowed(entry: bigint, sid: number | undefined): boolean {
  const type = bits(entry, 83, 82);
  if (type === 0 || sid === undefined) return true;
  if (type === 1) {
    const ignored = [0, 4, 6, 7][bits(entry, 81, 80)] ?? 0;
    return (sid | ignored) === (bits(entry, 79, 64) | ignored);
  }
  const [first, last] = [bits(entry, 79, 72), bits(entry, 71, 64)];
  return type === 2 && first <= sid >> 8 && sid >> 8 <= last;
}

function through(unit: InterruptUnit, index: number, entry: bigint): Verdict {
  const vector = bits(entry, 23, 16);
  if (bit(entry, 15)) {
    const descriptor = ((entry >> 96n) << 32n) | (((entry >> 38n) & 0x3ff_ffffn) << 6n);
    const [urgent, fpd] = [bit(entry, 14), bit(entry, 1)];
    return { kind: "posted", index, descriptor, vector, urgent, fpd };
  }
  const destination = bit(unit.irta, 11) ? bits(entry, 63, 32) : bits(entry, 47, 40);
  const mode = modes[bits(entry, 7, 5)] ?? "";
  const flags = { logical: bit(entry, 2), level: bit(entry, 4), hint: bit(entry, 3) };
  return { kind: "delivered", text: textOf({ index, destination, vector, mode, ...flags }) };
}

/**
 * What must become of a request whose entry reads as `entry` (128 bits), or cannot be read. In
 * order: remapping off; reserved fields of the request; compatibility format; index; access;
 * present; reserved bits; source-id.
 */
export function expectedInterrupt(
  unit: InterruptUnit,
  wire: Wire,
  sid: number | undefined,
  entry: bigint | undefined,
): Verdict {
  const fault = (reason: number, index?: number, fpd = false): Verdict => {
    return { kind: "fault", reason, index, fpd };
  };
  if (!unit.enabled) return unmapped(wire);
  if (isMalformed(wire)) return fault(0x20);
  const index = indexOf(wire);
  if (index === undefined) {
    return unit.compatibility && !bit(unit.irta, 11) ? unmapped(wire) : fault(0x25);
  }
  if (reachesTable(unit, wire) === undefined) return fault(0x21, index);
  if (entry === undefined) return fault(0x23, index);
  const fpd = bit(entry, 1);
  if (!bit(entry, 0)) return fault(0x22, index, fpd);
  if (hasReserved(unit, entry)) return fault(0x24, index, fpd);
  return isAllowed(entry, sid) ? through(unit, index, entry) : fault(0x26, index, fpd);
}

/** What posting does to a descriptor of 64 bytes, as one number; `undefined`: reserved bits. */
export function expectedPost(
  descriptor: bigint,
  vector: number,
  urgent: boolean,
): { readonly after: bigint; readonly notifies: boolean } | undefined {
  if (descriptor >> 320n !== 0n || bits(descriptor, 287, 280) !== 0) return undefined;
  if (bits(descriptor, 271, 258) !== 0) return undefined;
  const notifies = !bit(descriptor, 256) && (urgent || !bit(descriptor, 257));
  const request = 1n << BigInt(vector);
  return { after: descriptor | request | (notifies ? 1n << 256n : 0n), notifies };
}

/** To whom a descriptor's notification goes, and its vector. */
export const notificationOf = (unit: InterruptUnit, descriptor: bigint) => ({
  destination: bit(unit.irta, 11) ? bits(descriptor, 319, 288) : bits(descriptor, 303, 296),
  vector: bits(descriptor, 279, 272),
});
