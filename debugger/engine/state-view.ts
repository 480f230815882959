import { hex } from "../../events/address.ts";
import type { Change } from "../../history/changes.ts";
import { changesBetween } from "../../history/changes.ts";
import { summarise } from "../../history/summary.ts";
import type { Row, Rows, Value } from "../../history/summary-rows.ts";
import { stepOfEvent, worldAt } from "../../history/timeline/seek.ts";
import type { Timeline } from "../../history/timeline/timeline.ts";
import type { Guest } from "../../projections/guest.ts";
import { registersOf, registerValue } from "../../projections/registers/registers.ts";
import type { World } from "../../projections/world.ts";
import type { RegisterView, StateRow, StateTable, StateView } from "../protocol.ts";
import { bounded } from "./event-rows.ts";
import { fieldViews } from "./field-views.ts";
import { waitingViews } from "./waiting-view.ts";

/** Rows of a table that are sent; those that changed are sent before others. */
const mostRows = 200;

const text = (value: Value | undefined): string => (value === undefined ? "" : String(value));
const rowText = (row: Row): string =>
  Object.entries(row)
    .map(([name, value]) => `${name} ${text(value)}`)
    .join(", ");

const isValue = (of: Row | Value): of is Value => typeof of !== "object";
const changeText = (of: Row | Value | undefined): string | null => {
  if (of === undefined) return null;
  return bounded(isValue(of) ? text(of) : rowText(of));
};

function tableView(name: string, rows: Rows, changes: readonly Change[]): StateTable {
  const own = new Map(changes.filter((one) => one.table === name).map((one) => [one.key, one]));
  const columns = [...new Set(Object.values(rows).flatMap((row) => Object.keys(row)))];
  const keys = Object.keys(rows);
  const gone = [...own.values()].filter(({ to }) => to === undefined).map(({ key }) => key);
  const first = [...keys.filter((key) => own.has(key)), ...gone];
  const others = keys.filter((key) => !own.has(key));
  const shown = [...first, ...others].slice(0, Math.max(mostRows, Math.min(first.length, 1000)));
  const view = (key: string): StateRow => {
    const change = own.get(key);
    const row = rows[key] ?? {};
    return {
      key: bounded(key),
      cells: columns.map((column) => bounded(text(row[column]))),
      before: change === undefined ? undefined : changeText(change.from),
      gone: change !== undefined && change.to === undefined,
    };
  };
  return { name, columns, rows: shown.map(view), count: keys.length, changed: own.size };
}

function registerViews(guest: Guest, before: Guest): readonly RegisterView[] {
  return registersOf(guest.profile).specs.map(({ name, doc, offset, layout }) => {
    const [now, was] = [registerValue(guest, offset), registerValue(before, offset)];
    return {
      ...{ name, doc, offset: hex(offset), value: hex(now) },
      before: now === was ? undefined : hex(was),
      fields: fieldViews(layout, now, was),
    };
  });
}

/** The world before the input that an event follows from. */
export const worldBefore = (timeline: Timeline, at: number): World | undefined =>
  stepOfEvent(timeline, at)?.before ?? worldAt(timeline, 0);

/** What is the case for a guest after an event, and what its step has changed so far. */
export function stateView(timeline: Timeline, at: number, index: number): StateView | undefined {
  const [world, old] = [worldAt(timeline, at), worldBefore(timeline, at)];
  const guest = world?.guests[index];
  if (world === undefined || old === undefined || guest === undefined) return undefined;
  const before = old.guests[index] ?? guest;
  const changes = changesBetween(old, world).filter((one) => one.guest === index);
  const { values, tables } = summarise(guest);
  const { registers: _, ...others } = tables;
  const rows = Object.entries(values).map(([key, value]): StateRow => {
    const change = changes.find((one) => one.table === "" && one.key === key);
    const was = change === undefined ? undefined : changeText(change.from);
    return { key, cells: [bounded(text(value))], before: was, gone: false };
  });
  return {
    at,
    guests: world.guests.length,
    values: rows,
    registers: registerViews(guest, before),
    tables: Object.entries(others).map(([name, of]) => tableView(name, of, changes)),
    waiting: waitingViews(guest),
  };
}
