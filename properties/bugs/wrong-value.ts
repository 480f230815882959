import type { AnyField, Kind } from "../../events/field.ts";

/** The bit of an address or word that is turned: that of a page, where it has one. */
const turnedBit = (bits: number): bigint => (bits > 12 ? 1n << 12n : 1n);

function wrongList(of: AnyField, list: readonly unknown[]): readonly unknown[] {
  const [first] = list;
  return first === undefined ? list : [wrongValue(of, first), ...list.slice(1)];
}

function wrongOf(kind: Kind, value: unknown): unknown {
  switch (kind.is) {
    case "word":
      return (value as bigint) ^ turnedBit(kind.bits);
    case "integer":
      return (value as number) === kind.high ? (value as number) - 1 : (value as number) + 1;
    case "flag":
      return value !== true;
    case "device":
      return (value as number) ^ 8;
    case "text":
      return `${value as string}!`;
    case "bytes":
      return (value as Uint8Array).map((byte, at) => (at === 0 ? byte ^ 1 : byte));
    case "choice":
      return kind.choices[(kind.choices.indexOf(value as string) + 1) % kind.choices.length];
    case "list":
      return wrongList(kind.of, value as readonly unknown[]);
    case "object":
      return value;
  }
}

/** Another value of a field, of its form but for bounds; none where there is none but a flag. */
export function wrongValue({ kind }: AnyField, value: unknown): unknown {
  if (kind === undefined || (value === undefined && kind.is !== "flag")) return value;
  return wrongOf(kind, value);
}
