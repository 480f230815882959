import { hex } from "../../events/address.ts";
import type { Fact } from "../../events/fact.ts";
import { facts } from "../../events/fact.ts";
import { reasonText } from "../../events/fault/fault-text.ts";
import type { FieldTable } from "../../events/field.ts";
import { shapeToJson } from "../../events/field.ts";
import { hexOfBytes } from "../../events/hex-bytes.ts";
import type { Input } from "../../events/input.ts";
import { inputs } from "../../events/input.ts";
import { printable } from "../../events/printable.ts";
import type { Terminal } from "../terminal.ts";

const tables: Readonly<Record<string, FieldTable>> = { ...inputs, ...facts };
const shownBytes = 16;
const longestText = 200;

function fieldText(value: unknown): string {
  if (value instanceof Uint8Array) {
    const shown = hexOfBytes(value.subarray(0, shownBytes));
    const more = value.length > shownBytes ? `... (${value.length.toString()} bytes)` : "";
    return `${shown}${more}`;
  }
  if (Array.isArray(value)) return `[${value.map(fieldText).join(" ")}]`;
  if (typeof value === "object" && value !== null) {
    const parts = Object.entries(value).map(([name, item]) => {
      const text = name === "reason" ? reasonText(Number(item)) : fieldText(item);
      return `${name}=${text}`;
    });
    return `{${parts.join(" ")}}`;
  }
  if (typeof value === "bigint") return hex(value);
  const text = String(value);
  if (text.length <= longestText) return printable(text);
  return `${printable(text.slice(0, longestText))}... (${text.length.toString()} characters)`;
}

/** Whether a plain number of an event is written in hexadecimal wherever somebody reads it. */
export const isHexNumber = (type: string, name: string): boolean =>
  /^(offset|head|pasid)$/.test(name) || (name === "tag" && type === "HostEntryChanged");

/**
 * Offsets are in hexadecimal, as in every table of registers; PASIDs too, and fault reasons as the
 * specification writes them; a source-id as `00:04.0`.
 */
function numberText(
  type: string,
  name: string,
  written: Readonly<Record<string, unknown>>,
): string {
  const value = written[name];
  if (typeof value !== "number") return String(value);
  if (name === "reason") return reasonText(value);
  return isHexNumber(type, name) ? hex(value) : String(value);
}

/** An event's fields as `name=value`, in the order of its table; long bytes are cut. */
export function fieldsText(event: Input | Fact): string {
  const { type, ...body } = event;
  const table = tables[type];
  if (table === undefined) return "";
  const values = body as Readonly<Record<string, unknown>>;
  const written = shapeToJson(table, body) as Readonly<Record<string, unknown>>;
  return Object.keys(written)
    .map((name) => {
      const value = values[name];
      const text = typeof value === "number" ? numberText(type, name, written) : fieldText(value);
      return `${name}=${text}`;
    })
    .join(" ");
}

const alarming = /^(InputRefused|.*(Blocked|Halted|Aborted|Dropped|Overflowed|FaultRecorded))$/;

/** One line: number, for a fact the number of its cause, name, fields. */
export function renderEvent(
  terminal: Terminal,
  seq: number,
  cause: number | undefined,
  event: Input | Fact,
): string {
  const { bold, dim, red } = terminal.colours;
  const number = seq.toString().padStart(8);
  const fields = fieldsText(event);
  if (cause === undefined) return `${number}  ${bold(event.type)} ${fields}\n`;
  const name = alarming.test(event.type) ? red(event.type) : event.type;
  return `${dim(number)}    ${name} ${dim(fields)}\n`;
}
