import { ProgramError } from "../../target/program-error.ts";

/** Addresses of a kernel's functions by name. */
export type Symbols = ReadonlyMap<string, bigint>;

const align = (at: number, to: number): number => Math.ceil(at / to) * to;
const decimal = Buffer.from(Array.from("0123456789", (digit) => `${digit}\0`).join(""));
const tokenCount = 256;
const longestToken = 64;
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

/** The tokens of a table, and the end of the index after them. */
type Tokens = Pick<Tables, "tokens" | "end">;

/** The tokens from a place on, if there are as many as must be and their index follows them. */
function tokensFrom(image: Buffer, start: number): Tokens | undefined {
  const tokens: string[] = [];
  const offsets: number[] = [];
  let at = start;
  for (let index = 0; index < tokenCount; index++) {
    const end = image.indexOf(0, at);
    if (end < 0 || end - at > longestToken) return undefined;
    tokens.push(image.toString("latin1", at, end));
    offsets.push(at - start);
    at = end + 1;
  }
  const index = align(at, 8);
  const end = index + 2 * tokenCount;
  if (end > image.length) return undefined;
  const isRight = offsets.every(
    (offset, token) => image.readUInt16LE(index + 2 * token) === offset,
  );
  return isRight ? { tokens, end } : undefined;
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

/**
 * The tokens that have the digits at a place, and the end of their index. The first token starts at
 * a multiple of 8; what lies before it may be anything.
 */
function tokensAround(image: Buffer, digits: number): { start: number; found: Tokens } | undefined {
  let second = digits;
  for (let token = 1; token < 0x30; token++) {
    second -= 1;
    while (second > 0 && image[second - 1] !== 0) second -= 1;
  }
  for (let start = (second - 2) & ~7; start >= Math.max(0, second - longestToken); start -= 8) {
    const found = tokensFrom(image, start);
    if (found !== undefined) return { start, found };
  }
  return undefined;
}

function tablesAround(image: Buffer, digits: number): Tables | undefined {
  const { start, found } = tokensAround(image, digits) ?? {};
  if (start === undefined || found === undefined) return undefined;
  const names = namesBefore(image, start);
  return names && { ...names, ...found };
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
 * @throws ProgramError when a line is not one of a symbol, or addresses are hidden (all zero).
 */
export function symbolsInList(file: string, text: string, wanted: readonly string[]): Symbols {
  const found = new Map<string, bigint>();
  for (const [index, line] of text.split("\n").entries()) {
    if (line === "") continue;
    const [address, name] = /^([0-9a-f]{8,16}) \S (\S+)/.exec(line)?.slice(1) ?? [];
    if (address === undefined || name === undefined) {
      throw new ProgramError(`${file}:${(index + 1).toString()}: expected address, kind and name`);
    }
    if (wanted.includes(name) && !found.has(name)) found.set(name, BigInt(`0x${address}`));
  }
  if ([...found.values()].some((address) => address === 0n)) {
    throw new ProgramError(`${file}: the addresses are hidden; /proc/kallsyms shows them to root`);
  }
  return found;
}
