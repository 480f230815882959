import { QemuError } from "../process.ts";

/** Addresses of a kernel's functions by name. */
export type Symbols = ReadonlyMap<string, bigint>;

const align = (at: number, to: number): number => Math.ceil(at / to) * to;
const decimal = Buffer.from(Array.from("0123456789", (digit) => `${digit}\0`).join(""));
const tokenCount = 256;
const namesInBlock = 256;
/** How many names a kernel has, and how far the first of them lies before the tokens, in bytes. */
const [fewestNames, mostNames, widestTables] = [4096, 1 << 21, 1 << 24];

/** Where the tables of names lie in an image of memory. */
interface Tables {
  readonly names: number;
  readonly count: number;
  readonly tokens: readonly string[];
  /** Just after the last table that the tokens need. */
  readonly end: number;
}

/** The tokens from a place on, and the end of their text, if there are as many as must be. */
function tokensFrom(image: Buffer, start: number): { tokens: string[]; end: number } | undefined {
  const tokens: string[] = [];
  let at = start;
  for (let index = 0; index < tokenCount; index++) {
    const end = image.indexOf(0, at);
    if (end < 0 || end - at > 64) return undefined;
    tokens.push(image.toString("latin1", at, end));
    at = end + 1;
  }
  return { tokens, end: at };
}

/** Whether the index of the tokens stands where it must. */
function isIndexed(image: Buffer, index: number, tokens: readonly string[]): boolean {
  let offset = 0;
  return tokens.every((token, number) => {
    const isRight = image.readUInt16LE(index + 2 * number) === offset;
    offset += token.length + 1;
    return isRight;
  });
}

/** The bytes of a name, with its length, at a place. */
function nameLength(image: Buffer, at: number): { head: number; length: number } {
  const first = image[at] ?? 0;
  if (first < 0x80) return { head: 1, length: first };
  return { head: 2, length: (first & 0x7f) | ((image[at + 1] ?? 0) << 7) };
}

/** The offset just after the first names of a table; `undefined` when one of them is empty. */
function namesEnd(image: Buffer, start: number, count: number, limit: number): number | undefined {
  let at = start;
  for (let index = 0; index < count; index++) {
    const { head, length } = nameLength(image, at);
    at += head + length;
    if (length === 0 || at > limit) return undefined;
  }
  return at;
}

/**
 * Whether a table of this many names starts here: the markers after it begin with the offset of
 * the first block of names, 0, and that of the second.
 */
function isNames(image: Buffer, start: number, count: number, limit: number): boolean {
  const block = namesEnd(image, start, namesInBlock, limit);
  if (block === undefined) return false;
  const end = namesEnd(image, block, count - namesInBlock, limit);
  if (end === undefined) return false;
  const markers = align(end, 8);
  return image.readUInt32LE(markers) === 0 && image.readUInt32LE(markers + 4) === block - start;
}

/** The table of names before the tokens: eight bytes after the number of names. */
function namesBefore(image: Buffer, limit: number): { names: number; count: number } | undefined {
  const nearest = Math.max(8, limit - widestTables);
  for (let at = limit & ~7; at >= nearest; at -= 8) {
    const count = image.readUInt32LE(at - 8);
    if (count < fewestNames || count > mostNames || image.readUInt32LE(at - 4) !== 0) continue;
    if (isNames(image, at, count, limit)) return { names: at, count };
  }
  return undefined;
}

function tablesAround(image: Buffer, digits: number): Tables | undefined {
  let start = digits;
  for (let token = 0; token < 0x30; token++) {
    start -= 1;
    while (start > 0 && image[start - 1] !== 0) start -= 1;
  }
  const found = tokensFrom(image, start);
  if (found === undefined) return undefined;
  const index = align(found.end, 8);
  if (index + 2 * tokenCount > image.length || !isIndexed(image, index, found.tokens)) {
    return undefined;
  }
  const names = namesBefore(image, start);
  return names && { ...names, tokens: found.tokens, end: index + 2 * tokenCount };
}

/** The names in the order of their addresses, without the letter of their kind before them. */
function* namesOf(image: Buffer, { names, count, tokens }: Tables): Generator<string, void> {
  let at = names;
  for (let index = 0; index < count; index++) {
    const { head, length } = nameLength(image, at);
    let name = "";
    for (const code of image.subarray(at + head, at + head + length)) name += tokens[code] ?? "";
    yield name.slice(1);
    at += head + length;
  }
}

/**
 * Where the offsets of the symbols and the address that they count from lie: before the names up
 * to Linux 6.3, after the tokens since.
 */
function offsetsOf(image: Buffer, { names, count, end }: Tables): [number, bigint] | undefined {
  const bytes = align(4 * count, 8);
  const isBase = (base: bigint): boolean => base >> 31n === 0x1_ffff_ffffn && base % 4096n === 0n;
  const before = image.readBigUInt64LE(names - 16);
  if (isBase(before)) return [names - 16 - bytes, before];
  const after = end + bytes + 8 <= image.length ? image.readBigUInt64LE(end + bytes) : 0n;
  return isBase(after) ? [end, after] : undefined;
}

function addressesOf(image: Buffer, tables: Tables, wanted: readonly string[]): Symbols {
  const offsets = offsetsOf(image, tables);
  const found = new Map<string, bigint>();
  if (offsets === undefined) return found;
  const [start, base] = offsets;
  let index = 0;
  for (const name of namesOf(image, tables)) {
    if (wanted.includes(name) && !found.has(name)) {
      const offset = BigInt(image.readInt32LE(start + 4 * index));
      // A negative offset counts down from the base; only per-CPU symbols are absolute.
      found.set(name, offset < 0n ? base - 1n - offset : base + offset);
    }
    index += 1;
  }
  return found;
}

/**
 * Finds functions in the table of symbols that a Linux kernel for x86-64 carries in itself
 * (CONFIG_KALLSYMS), by its form alone.
 *
 * @param image  memory that holds the kernel, decompressed and not yet changed by its start.
 * @returns the wanted names that it has; empty when there is no table.
 */
export function symbolsInImage(image: Buffer, wanted: readonly string[]): Symbols {
  for (let at = image.indexOf(decimal); at >= 0; at = image.indexOf(decimal, at + 1)) {
    const tables = tablesAround(image, at);
    if (tables !== undefined) return addressesOf(image, tables, wanted);
  }
  return new Map();
}

/**
 * Reads a list of symbols: `System.map`, or what `/proc/kallsyms` shows to root.
 *
 * @param file  its name, for errors.
 * @throws QemuError when a line is not one of a symbol, or addresses are hidden (all zero).
 */
export function symbolsInList(file: string, text: string, wanted: readonly string[]): Symbols {
  const found = new Map<string, bigint>();
  for (const [index, line] of text.split("\n").entries()) {
    if (line === "") continue;
    const [address, name] = /^([0-9a-f]{8,16}) \S (\S+)/.exec(line)?.slice(1) ?? [];
    if (address === undefined || name === undefined) {
      throw new QemuError(`${file}:${(index + 1).toString()}: expected address, kind and name`);
    }
    if (wanted.includes(name) && !found.has(name)) found.set(name, BigInt(`0x${address}`));
  }
  if ([...found.values()].some((address) => address === 0n)) {
    throw new QemuError(`${file}: the addresses are hidden; /proc/kallsyms shows them to root`);
  }
  return found;
}
