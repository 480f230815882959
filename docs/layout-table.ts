import { hex } from "../events/address.ts";
import type { AnyLayout } from "../events/layout/layout.ts";
import type { LayoutField } from "../events/layout/layout-field.ts";
import { table } from "./table.ts";

/** `63:12`, or `7` for one bit. */
const bits = (msb: number, lsb: number): string => (msb === lsb ? `${msb}` : `${msb}:${lsb}`);

function meaning(field: LayoutField): string {
  if (field.kind !== "code") return field.doc;
  const names = Object.entries(field.names).map(([name, value]) => `${hex(value)} ${name}`);
  return `${field.doc} ${names.join(", ")}.`;
}

/** The fields and reserved bits of a word, from its highest bit down. */
export function layoutTable(of: AnyLayout): string {
  const fields = Object.entries(of.fields).map(([name, field]) => ({
    msb: field.msb,
    row: [bits(field.msb, field.lsb), `\`${name}\``, meaning(field)],
  }));
  const reserved = of.reserved.map(([msb, lsb]) => ({
    msb,
    row: [bits(msb, lsb), "", "Reserved."],
  }));
  const rows = [...fields, ...reserved].toSorted((a, b) => b.msb - a.msb).map(({ row }) => row);
  return table(["bits", "field", "meaning"], rows);
}
