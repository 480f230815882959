import type { FieldView } from "../protocol.ts";

/** A word taken apart: its fields, the highest first. */
export function Fields({ fields }: { fields: readonly FieldView[] }) {
  if (fields.length === 0) return null;
  return (
    <ul class="fields">
      {fields.map(({ name, bits, value, doc, set, changed }) => (
        <li
          key={name}
          class={`${set ? "set" : ""} ${changed ? "changed" : ""}`}
          title={`bits ${bits}: ${doc}`}
        >
          <span class="name">{name}</span>
          <span class="bits">{bits}</span>
          <span class="value">{value}</span>
        </li>
      ))}
    </ul>
  );
}
