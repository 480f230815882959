import { bytesOfNumber, bytesOfText } from "./little-endian.ts";

/** A field as a disassembler of data tables prints it. */
export interface FieldLine {
  readonly name: string;
  /** Where it lies; a template says how long a field is, not where. */
  readonly at: number | undefined;
  readonly bytes: Uint8Array;
  /** It is letters, of which those that cannot be printed are lost. */
  readonly isText: boolean;
  /** It is of a type that the disassembler does not know, and may not have printed as it is. */
  readonly isGuess: boolean;
}

/** `[040h 0064 001h]`, `[040h 0064   1]`, `[0001]` in a template. */
const lineForm = /^\s*\[(?:([0-9a-f]{3,8})h +\d+ +)?([0-9a-f]{1,8})(h?)\]\s*(\S.*?) : (.+)$/i;

/** A size in bytes: decimal, or hexadecimal where it says so. */
const sizeOf = (digits: string, isHex: boolean): number => Number.parseInt(digits, isHex ? 16 : 10);

/** More than any field has. */
const longestField = 65_536;

function letterBytes(letters: string, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  bytes.set(bytesOfText(letters).subarray(0, size));
  return bytes;
}

function valueBytes(text: string, size: number): Uint8Array | undefined {
  const list = /^[0-9a-f]{2}(?:[ ,][0-9a-f]{2})+(?![0-9a-f])/i.exec(text)?.[0];
  if (list !== undefined) {
    const bytes = list.split(/[ ,]/).map((of) => Number.parseInt(of, 16));
    return bytes.length === size ? Uint8Array.from(bytes) : undefined;
  }
  const digits = /^(?:0x)?([0-9a-f]+)(?![0-9a-z])/i.exec(text)?.[1];
  if (digits === undefined || digits.length > 2 * size) return undefined;
  return bytesOfNumber(BigInt(`0x${digits}`), size);
}

/** A field of a disassembled data table; `undefined` for any other line. */
export function fieldLine(text: string): FieldLine | undefined {
  const [, offset, digits = "", hex, name = "", value = ""] = lineForm.exec(text) ?? [];
  const size = sizeOf(digits, hex === "h");
  if (!(size > 0 && size <= longestField)) return undefined;
  const at = offset === undefined ? undefined : Number.parseInt(offset, 16);
  const letters = /^"(.*)"/.exec(value)?.[1];
  const isText = letters !== undefined;
  const bytes = isText ? letterBytes(letters, size) : valueBytes(value, size);
  const isGuess = value.includes("[Unknown ");
  return bytes === undefined ? undefined : { name: name.trim(), at, bytes, isText, isGuess };
}
