/** A line of a hexadecimal dump: up to 16 bytes and where they lie. */
export interface DumpLine {
  readonly at: number;
  readonly bytes: readonly number[];
}

const perLine = 16;

/**
 * The bytes of a line of a dump, whatever letters stand beside them.
 *
 * Bytes are two digits each, one or two spaces apart or none, as in `acpidump`, `hexdump -C` and
 * `xxd`; a wider gap, or anything else, ends them.
 */
export function dumpLine(text: string): DumpLine | undefined {
  const match = /^\s*(?:0x)?([0-9a-f]{4,16})[:h]?\s{1,4}(?=[0-9a-f]{2})/i.exec(text);
  if (match === null) return undefined;
  const at = Number.parseInt(match[1] ?? "", 16);
  const bytes: number[] = [];
  const byte = /([0-9a-f]{2}) {0,2}/iy;
  byte.lastIndex = match[0].length;
  while (bytes.length < perLine) {
    const next = byte.exec(text);
    if (next === null) break;
    bytes.push(Number.parseInt(next[1] ?? "", 16));
    if (text[byte.lastIndex] === " ") break;
  }
  return bytes.length === 0 ? undefined : { at, bytes };
}
