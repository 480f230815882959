import { dmarToJson } from "../../events/acpi/dmar.ts";
import type { DmarReading } from "../../events/acpi/read-dmar.ts";
import type { Remark } from "../../events/acpi/remark.ts";
import { hex } from "../../events/address.ts";
import type { AcpiSource } from "../acpi-source.ts";

/** What `dmar show --json` adds to a configuration; `dmar build` passes it by. */
const added = ["source", "warnings", "remarks"];

const remarkJson = ({ at, what, who }: Remark): object => ({ at: hex(at), what, who });

/** The configuration that builds a table, what is damaged, and what readers stumble over. */
export function readingJson(
  reading: DmarReading,
  remarks: readonly Remark[],
  { text, others }: AcpiSource,
): object {
  const warnings = [...(text?.doubts ?? []), ...reading.damage.map(remarkJson)];
  return {
    ...dmarToJson(reading.table),
    ...(text === undefined ? {} : { source: { form: text.form, lines: text.lines, others } }),
    ...(warnings.length === 0 ? {} : { warnings }),
    ...(remarks.length === 0 ? {} : { remarks: remarks.map(remarkJson) }),
  };
}

/** A configuration without what `readingJson` adds. */
export function withoutAdded(raw: unknown): unknown {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) return raw;
  return Object.fromEntries(Object.entries(raw).filter(([name]) => !added.includes(name)));
}
