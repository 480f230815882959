import type { Dmar, Scope, Structure } from "../../events/acpi/dmar.ts";
import { kindOfCode, kindOfType } from "../../events/acpi/dmar-kind.ts";
import type { DmarReading, StructurePlace } from "../../events/acpi/read-dmar.ts";
import { headBytes } from "../../events/acpi/read-dmar.ts";
import { formatScope, scopeFlagsText } from "../../events/acpi/scope-text.ts";
import { hex } from "../../events/address.ts";
import { printable } from "../../events/printable.ts";
import type { AcpiSource } from "../acpi-source.ts";
import type { Terminal } from "../terminal.ts";
import type { Cell } from "./table.ts";
import { renderPairs, renderTable } from "./table.ts";

type Row = readonly Cell[];

/** Letters of a header, without the zero bytes that some fill them up with. */
const letters = (text = ""): string => `"${printable(text.replace(/\0+$/, ""))}"`;

/** What a structure says, without its scopes and reserved bits. */
function fieldsOf(structure: Structure): string {
  switch (structure.type) {
    case "DRHD": {
      const size = `${(2 ** structure.size).toString()} x 4 KiB of registers`;
      const all = structure.includePciAll ? ", all other PCI devices" : "";
      return `segment ${structure.segment}, ${size} at ${hex(structure.base)}${all}`;
    }
    case "RMRR":
      return `segment ${structure.segment}, ${hex(structure.base)} to ${hex(structure.end)}`;
    case "ATSR":
      return `segment ${structure.segment}${structure.allPorts ? ", all ports" : ""}`;
    case "SATC":
      return `segment ${structure.segment}${structure.atcRequired ? ", cache required" : ""}`;
    case "SIDP":
      return `segment ${structure.segment}`;
    case "RHSA":
      return `unit at ${hex(structure.base)}, domain ${structure.proximityDomain}`;
    case "ANDD":
      return `device ${structure.deviceNumber}: ${printable(structure.name)}`;
    case "raw": {
      const name = kindOfCode.get(structure.code)?.name;
      const what = name === undefined ? "that are not known" : `that are too few for ${name}`;
      return `type ${structure.code}, ${structure.bytes.length} bytes ${what}`;
    }
  }
}

function meaning(structure: Structure): string {
  const bits = "reserved" in structure ? structure.reserved : undefined;
  const reserved = bits === undefined ? "" : `, reserved bits ${hex(bits)}`;
  const rest = "rest" in structure ? (structure.rest ?? []) : [];
  const after = rest.some((byte) => byte !== 0) ? `, and ${rest.length} bytes more` : "";
  return `${fieldsOf(structure)}${reserved}${after}`;
}

function scopeMeaning(scope: Scope): string {
  const flags = scopeFlagsText(scope);
  const rest = scope.reserved === undefined ? "" : `, reserved bits ${hex(scope.reserved)}`;
  return `${formatScope(scope)}, id ${scope.enumerationId}${flags}${rest}`;
}

/** A row for bytes that nothing leads to. */
const unread = (name: string, from: number, end: number): readonly Row[] =>
  from < end ? [[hex(from), name, end - from, ""]] : [];

function rowsOf(structure: Structure, place: StructurePlace): readonly Row[] {
  const name = structure.type === "raw" ? "unknown" : structure.type;
  const rows: Row[] = [[hex(place.at), name, place.length, meaning(structure)]];
  if (!("scopes" in structure)) return rows;
  const fixed = (kindOfType.get(structure.type)?.layout.width ?? 0) / 8;
  let next = place.at + fixed;
  for (const [index, { at, length }] of place.scopes.entries()) {
    const scope = structure.scopes[index];
    if (scope !== undefined) rows.push([hex(at), "  scope", length, scopeMeaning(scope)]);
    next = at + length;
  }
  return [...rows, ...unread("  not read", next, place.at + place.length)];
}

function tableRows({ table, places, byteCount }: DmarReading): readonly Row[] {
  const rows = table.structures.flatMap((structure, index) => {
    const place = places[index];
    return place === undefined ? [] : rowsOf(structure, place);
  });
  const last = places.at(-1);
  const end = last === undefined ? headBytes : last.at + last.length;
  return [...rows, ...unread("not read", end, byteCount)];
}

function checksumText({ is, right }: DmarReading["checksum"]): string {
  if (right === undefined) return `${hex(is)}, which nobody can check`;
  return is === right ? `${hex(is)}, correct` : `${hex(is)}, wrong: ${hex(right)} would be right`;
}

function sourceText({ text, others }: AcpiSource): readonly (readonly [string, Cell])[] {
  if (text === undefined) return [];
  const [first, last] = text.lines;
  const there = others.length === 0 ? "" : `; also there: ${others.join(", ")}`;
  return [["From", `a ${text.form}, lines ${first} to ${last}${there}`]];
}

function flagsText(table: Dmar): string {
  const flags = [
    ...(table.intrRemap ? ["INTR_REMAP"] : []),
    ...(table.x2apicOptOut ? ["X2APIC_OPT_OUT"] : []),
    ...(table.dmaOptIn ? ["DMA_OPT_IN"] : []),
    ...(table.reserved === undefined ? [] : [`reserved bits ${hex(table.reserved)}`]),
  ];
  return flags.length === 0 ? "none" : flags.join(", ");
}

/** A table in words: the header, then each structure and scope with its place. */
export function renderDmar(terminal: Terminal, reading: DmarReading, source: AcpiSource): string {
  const { table, byteCount, checksum } = reading;
  const head = renderPairs(terminal, [
    ["Table", `DMAR, revision ${table.revision}, ${byteCount} bytes`],
    ...sourceText(source),
    ["Checksum", checksumText(checksum)],
    ["OEM", `${letters(table.oemId)} ${letters(table.oemTableId)} ${table.oemRevision}`],
    ["Creator", `${letters(table.creatorId)} ${table.creatorRevision}`],
    ["Host address width", table.hostAddressWidth],
    ["Flags", flagsText(table)],
  ]);
  const columns = ["At", "Structure", "Bytes", "Says"];
  return `${head}\n${renderTable(terminal, columns, tableRows(reading))}`;
}
