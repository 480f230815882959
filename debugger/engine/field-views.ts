import { formatSourceId, hex } from "../../events/address.ts";
import type { AnyLayout } from "../../events/layout/layout.ts";
import type { FieldValue, LayoutField } from "../../events/layout/layout-field.ts";
import type { FieldView } from "../protocol.ts";

function valueText(field: LayoutField, name: string, value: FieldValue): string {
  if (typeof value === "boolean") return value ? "1" : "0";
  if (typeof value === "bigint") return hex(value);
  if (field.kind === "code") {
    const known = Object.entries(field.names).find(([, code]) => code === value);
    return known === undefined ? `${value.toString()} (reserved)` : known[0];
  }
  if (/^(sid|icesid|itesid|rid)$/.test(name)) return formatSourceId(value);
  return value > 9 ? `${hex(value)} (${value.toString()})` : value.toString();
}

const isSet = (value: FieldValue): boolean => value !== false && value !== 0 && value !== 0n;

/** A word taken apart by its layout, the highest field first; what changed from another word. */
export function fieldViews(layout: AnyLayout, word: bigint, before = word): readonly FieldView[] {
  const [now, was] = [layout.decode(word), layout.decode(before)];
  return Object.entries(layout.fields)
    .map(([name, field]): FieldView & { readonly msb: number } => {
      const value = now[name] as FieldValue;
      const { msb, lsb, doc } = field;
      const bits = msb === lsb ? msb.toString() : `${msb.toString()}:${lsb.toString()}`;
      const text = valueText(field, name, value);
      return {
        ...{ name, bits, doc, msb, value: text },
        set: isSet(value),
        changed: was[name] !== value,
      };
    })
    .sort((a, b) => b.msb - a.msb);
}
