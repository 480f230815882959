import { hex } from "../../events/address.ts";
import type { AnyLayout } from "../../events/layout/layout.ts";
import type { FieldValue, LayoutField } from "../../events/layout/layout-field.ts";
import { bitMask, fieldMask } from "../../events/layout/layout-field.ts";

/** A field of a word that was shown, and what it means. */
export interface ShownField {
  readonly name: string;
  readonly value: string;
  /** What the specification calls it, as its layout says. */
  readonly means: string;
}

function valueText(field: LayoutField, value: FieldValue): string {
  if (field.kind === "flag") return value === true ? "1" : "0";
  if (field.kind === "address" || field.kind === "wide") return hex(value as bigint);
  if (field.kind === "uint") {
    const number = Number(value);
    return number > 9 ? `${number.toString()} (${hex(number)})` : number.toString();
  }
  const name = Object.entries(field.names).find(([, code]) => code === value)?.[0];
  return `${Number(value).toString()} (${name ?? "reserved"})`;
}

/** Whether a field says nothing: a flag that is clear, or zero where zero has no name. */
const isQuiet = (field: LayoutField, value: FieldValue): boolean =>
  field.kind === "code"
    ? value === 0 && !Object.values(field.names).includes(0)
    : value === false || value === 0 || value === 0n;

/** Fields that are shown whatever they are. */
const always = new Set(["present", "r", "w"]);

/** Of an entry that is not present nothing counts but FPD. */
function absent(layout: AnyLayout, word: bigint, shown: bigint): readonly ShownField[] {
  const { present, fpd } = layout.fields;
  const named = { present, fpd };
  return Object.entries(named).flatMap(([name, field]): readonly ShownField[] => {
    if (field === undefined || (fieldMask(field) & shown) === 0n) return [];
    const isSet = (word & fieldMask(field)) !== 0n;
    if (name === "fpd" && !isSet) return [];
    return [{ name: name.toUpperCase(), value: isSet ? "1" : "0", means: field.doc }];
  });
}

/**
 * The fields of a word that say something, by its layout.
 *
 * @param shown  the bits that are known; others are not shown.
 */
export function fieldsOf(
  layout: AnyLayout,
  word: bigint,
  shown = bitMask(layout.width - 1, 0),
): readonly ShownField[] {
  const values = layout.decode(word);
  if (values["present"] === false) return absent(layout, word, shown);
  const fields = Object.entries(layout.fields).flatMap(([name, field]): readonly ShownField[] => {
    const value = values[name] ?? 0;
    if ((fieldMask(field) & shown) === 0n) return [];
    if (isQuiet(field, value) && !always.has(name)) return [];
    return [{ name: name.toUpperCase(), value: valueText(field, value), means: field.doc }];
  });
  const reserved = word & layout.reservedMask & shown;
  if (reserved === 0n) return fields;
  return [...fields, { name: "reserved", value: hex(reserved), means: "Bits that should be 0." }];
}

/** Fields in one line: `PRESENT=1 TT=0 (untranslated) SSPTPTR=0x1000`. */
export const fieldLine = (fields: readonly ShownField[]): string =>
  fields.map(({ name, value }) => `${name}=${value}`).join(" ");
