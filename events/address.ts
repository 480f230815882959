/**
 * Addresses and identifiers, each of a type of its own: a GPA does not pass where an HPA is wanted.
 */

declare const kind: unique symbol;

/** An address that a device puts on the bus, in bytes: 64 bits, before any translation. */
export type Iova = bigint & { readonly [kind]: "iova" };
/** A guest-physical address in bytes. */
export type Gpa = bigint & { readonly [kind]: "gpa" };
/** A host-physical address in bytes. */
export type Hpa = bigint & { readonly [kind]: "hpa" };
/** A requester's bus, device and function: bus in bits 15:8, device in 7:3, function in 2:0. */
export type SourceId = number & { readonly [kind]: "source-id" };

/** An address that a device uses, of its 64 bits. */
export const iova = (value: bigint): Iova => BigInt.asUintN(64, value) as Iova;
/** A guest-physical address, of its 64 bits. */
export const gpa = (value: bigint): Gpa => BigInt.asUintN(64, value) as Gpa;
/** A host-physical address, of its 64 bits. */
export const hpa = (value: bigint): Hpa => BigInt.asUintN(64, value) as Hpa;
/** A source-id, of its 16 bits. */
export const sourceId = (value: number): SourceId => (value & 0xffff) as SourceId;

/** Bytes in the smallest page. */
export const pageBytes = 4096n;

/** An address as a word and as its halves, until the next one: a fifth of the cost of shifts. */
const word = new BigUint64Array(1);
const halves = new Uint32Array(word.buffer);
const lowHalf = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 0 : 1;
const highHalf = 1 - lowHalf;

const largestWord = 2n ** 64n - 1n;

/** The page number of an address: below 2^52, hence exact as a number. */
export function pageOf(address: bigint): number {
  if (address > largestWord) return Number(address >> 12n);
  word[0] = address;
  return (halves[highHalf] as number) * 0x10_0000 + ((halves[lowHalf] as number) >>> 12);
}

/** The address of a byte of a page, as an address of the wanted kind. */
export function addressIn<Address extends Iova | Gpa | Hpa>(page: number, offset: number): Address {
  const high = Math.floor(page * 2 ** -20);
  halves[highHalf] = high;
  halves[lowHalf] = (page - high * 0x10_0000) * 4096 + offset;
  return word[0] as Address;
}

/** The address of the first byte of a page, as an address of the wanted kind. */
export const iovaOfPage = (page: number): Iova => addressIn(page, 0);
export const gpaOfPage = (page: number): Gpa => addressIn(page, 0);
export const hpaOfPage = (page: number): Hpa => addressIn(page, 0);

/** Bits of a source-id that each mask of function bits (FM, SQ) leaves to compare. */
export const functionMasks: readonly [number, number, number, number] = [
  0xffff, 0xfffb, 0xfff9, 0xfff8,
];

const hexByte = (value: number): string => value.toString(16).padStart(2, "0");

/** `00:04.0` for source-id 0x20. */
export function formatSourceId(source: number): string {
  const bus = hexByte((source >> 8) & 0xff);
  const device = hexByte((source >> 3) & 0x1f);
  return `${bus}:${device}.${(source & 7).toString()}`;
}

/**
 * The source-id that `bus:device.function` names (hexadecimal, an optional `0000:` before it), or
 * `undefined`.
 */
export function parseSourceId(text: string): SourceId | undefined {
  const match = /^(?:0{1,4}:)?([0-9a-f]{1,2}):([0-9a-f]{1,2})\.([0-7])$/i.exec(text);
  if (!match) return undefined;
  const [bus = 0, device = 0, fn = 0] = match.slice(1).map((part) => Number.parseInt(part, 16));
  return device > 0x1f ? undefined : sourceId((bus << 8) | (device << 3) | fn);
}

/** `0x1806000` for an address or a word. */
export const hex = (value: bigint | number): string => `0x${value.toString(16)}`;

/** Pages, from the first up to the end, where writes without PASID are interrupt requests. */
export const interruptPages = { first: 0xfee00, end: 0xfef00 } as const;

/** Whether a page lies there. */
export const isInterruptPage = (page: number): boolean =>
  page >= interruptPages.first && page < interruptPages.end;

/** Pages from `first` up to `end`, the last not included. */
export interface Range {
  readonly first: number;
  readonly end: number;
}

/** Every page of any tree. */
export const everyPage: Range = { first: 0, end: Number.MAX_SAFE_INTEGER };

/** The pages of `length` bytes from an address on, both multiples of a page. */
export function pagesFrom(address: bigint, length: bigint): Range {
  const first = pageOf(address);
  return { first, end: first + pageOf(length) };
}

/** Whether a page lies in a range. */
export const isWithin = (page: number, { first, end }: Range): boolean =>
  page >= first && page < end;

/** Whether two ranges have a page in common. */
export const overlaps = (a: Range, b: Range): boolean => a.first < b.end && b.first < a.end;

/**
 * The page that an address field names, taken from the two halves that hold it.
 *
 * @param above  the field's bits of the upper half.
 */
export const pageIn = (low: number, high: number, above: number): number =>
  (low >>> 12) + ((high & above) >>> 0) * 0x100000;
