import { hex } from "../../events/address.ts";
import { facts } from "../../events/fact.ts";
import type { FieldTable } from "../../events/field.ts";
import { shapeToJson } from "../../events/field.ts";
import { inputs } from "../../events/input.ts";
import type { Step } from "../../history/step.ts";
import type { Rows } from "../../history/summary-rows.ts";
import type { Event } from "../../projections/evolve.ts";
import { isHexNumber } from "../render/event.ts";
import type { Exporter } from "./exporter.ts";

const tables: Readonly<Record<string, FieldTable>> = { ...inputs, ...facts };

/** A cell as RFC 4180 has it: in quotes where it has commas, quotes or ends of lines. */
export function cell(value: unknown): string {
  const text = value === undefined || value === null ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export const line = (cells: readonly unknown[]): string => `${cells.map(cell).join(",")}\r\n`;

/** Fields that have a column of their own; the others stand together in the last one. */
const columns = [
  ...["guest", "device", "source", "pasid", "iova", "gpa", "hpa", "length", "access"],
  ...["offset", "value", "did", "reason", "host"],
] as const;

function cellsOf({ type, ...body }: Event): readonly unknown[] {
  const written = shapeToJson(tables[type] ?? {}, body) as Readonly<Record<string, unknown>>;
  const rest = Object.entries(written).filter(
    ([name]) => !(columns as readonly string[]).includes(name),
  );
  const others = rest.length === 0 ? "" : JSON.stringify(Object.fromEntries(rest));
  const text = (name: string): unknown => {
    const value = written[name];
    return typeof value === "number" && isHexNumber(type, name) ? hex(value) : value;
  };
  return [...columns.map(text), others];
}

/** All events, one a line. */
export function csvExporter(): Exporter {
  return {
    begin: () => line(["seq", "cause", "kind", "event", ...columns, "others"]),
    step: ({ seq, input, facts: followed }: Step) =>
      [input, ...followed]
        .map((event, index) =>
          line([seq + index, seq, index === 0 ? "input" : "fact", event.type, ...cellsOf(event)]),
        )
        .join(""),
    end: () => "",
  };
}

/** The rows of one table of the state, of all guests. */
export function csvTable(guests: readonly Rows[]): string {
  const names = [...new Set(guests.flatMap((rows) => Object.values(rows).flatMap(Object.keys)))];
  const rows = guests.flatMap((of, guest) =>
    Object.entries(of).map(([key, row]) => line([guest, key, ...names.map((name) => row[name])])),
  );
  return `${line(["guest", "key", ...names])}${rows.join("")}`;
}
