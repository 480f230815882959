import type { SourceId } from "../../events/address.ts";
import { gpa, hex, iova } from "../../events/address.ts";
import { facts } from "../../events/fact.ts";
import type { FieldTable } from "../../events/field.ts";
import { shapeToJson } from "../../events/field.ts";
import { inputs } from "../../events/input.ts";
import { printable } from "../../events/printable.ts";
import type { Watch } from "../../history/stop/stop.ts";
import { summarise } from "../../history/summary.ts";
import type { Row, Rows } from "../../history/summary-rows.ts";
import { eventAt, worldAt } from "../../history/timeline/seek.ts";
import { findingsAt } from "../../history/timeline/timeline.ts";
import type { Event } from "../../projections/evolve.ts";
import type { Guest } from "../../projections/guest.ts";
import { registersOf } from "../../projections/registers/registers.ts";
import { isHexNumber } from "../render/event.ts";
import type { Session } from "../session/session.ts";
import type { Item } from "./variables.ts";
import { inPages } from "./variables.ts";

const tables: Readonly<Record<string, FieldTable>> = { ...inputs, ...facts };

const longestValue = 200;

const textOf = (value: unknown): string => {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  return printable(text.length > longestValue ? `${text.slice(0, longestValue)}…` : text);
};

const rowText = (row: Row): string =>
  Object.entries(row)
    .map(([column, value]) => `${column}=${String(value)}`)
    .join(" ");

/** A register is taken apart into its fields. */
function registerItem(guest: Guest, index: number, name: string, row: Row): Item {
  const spec = registersOf(guest.profile).byName.get(name);
  const word = BigInt(String(row["value"]));
  const fields = Object.entries(spec?.layout?.decode(word) ?? {});
  return {
    name,
    value: hex(word),
    evaluateName: name,
    watch: { on: "register", guest: index, register: name },
    parts: () =>
      fields.map(([field, value]) => {
        return { name: field, value: typeof value === "bigint" ? hex(value) : String(value) };
      }),
  };
}

const rowItem = (name: string, row: Row): Item => ({
  name,
  value: rowText(row),
  parts: () =>
    Object.entries(row).map(([column, value]) => ({ name: column, value: String(value) })),
});

function tableItem(guest: Guest, index: number, name: string, rows: Rows): Item {
  const entries = Object.entries(rows);
  const item = ([key, row]: [string, Row]): Item =>
    name === "registers" ? registerItem(guest, index, key, row) : rowItem(key, row);
  const count = entries.length;
  return {
    name,
    value: count === 0 ? "none" : `${count.toString()} rows`,
    ...(count === 0 ? {} : { parts: () => inPages(entries.map(item)) }),
  };
}

/** Everything that is the case for a guest. */
export function guestItems({ timeline, at }: Session, index: number): readonly Item[] {
  const guest = worldAt(timeline, at)?.guests[index];
  if (guest === undefined) return [];
  const { values, tables: of } = summarise(guest);
  return [
    ...Object.entries(values).map(([name, value]) => ({ name, value: String(value) })),
    ...Object.entries(of).map(([name, rows]) => tableItem(guest, index, name, rows)),
  ];
}

/** What a field of an event stands for, for who wants to stop where that changes. */
function watchOf(event: Event, name: string): Watch | undefined {
  const fields = event as unknown as Readonly<Record<string, unknown>>;
  const { guest = 0, device, source, pasid } = fields;
  const value = fields[name];
  if (typeof value !== "bigint") return undefined;
  if (name === "gpa") return { on: "memory", guest: Number(guest), gpa: gpa(value), length: 8 };
  const from = device ?? source;
  if (name !== "iova" || from === undefined) return undefined;
  const page = {
    kind: "page" as const,
    guest: Number(guest),
    device: from as SourceId,
    pasid: pasid === undefined ? undefined : Number(pasid),
    iova: iova(value - (value % 4096n)),
  };
  return { on: "page", page };
}

/** The fields of an event. */
export function eventItems({ timeline }: Session, seq: number): readonly Item[] {
  const found = eventAt(timeline, seq);
  if (found === undefined) return [];
  const { type, ...body } = found.event;
  const written = shapeToJson(tables[type] ?? {}, body) as Readonly<Record<string, unknown>>;
  const fields = Object.entries(written).map(([name, value]): Item => {
    const watch = watchOf(found.event, name);
    return {
      name,
      value: typeof value === "number" && isHexNumber(type, name) ? hex(value) : textOf(value),
      ...(watch === undefined ? {} : { watch }),
      ...(name === "gpa" ? { memoryReference: String(value) } : {}),
    };
  });
  return [{ name: "event", value: type }, ...fields];
}

/** What was found wrong at an event. */
export const findingItems = ({ timeline }: Session, seq: number): readonly Item[] =>
  findingsAt(timeline, seq).map(({ law, text }) => ({ name: law, value: printable(text) }));
