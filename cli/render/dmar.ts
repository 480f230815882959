import { structureBytes } from "../../events/acpi/build-dmar.ts";
import type { Dmar, Scope, Structure } from "../../events/acpi/dmar.ts";
import { scopeTypes } from "../../events/acpi/dmar.ts";
import { formatStep } from "../../events/acpi/dmar-field.ts";
import { headBytes } from "../../events/acpi/parse-dmar.ts";
import { hex } from "../../events/address.ts";
import type { Terminal } from "../terminal.ts";
import type { Cell } from "./table.ts";
import { renderPairs, renderTable } from "./table.ts";

type Row = readonly Cell[];

/** Text of the table, with whatever a terminal would take for a command spelled out. */
const shown = (text = ""): string => JSON.stringify(text).slice(1, -1);

/** What a structure says, without its scopes. */
function meaning(structure: Structure): string {
  const bits = "reserved" in structure ? structure.reserved : undefined;
  const reserved = bits === undefined ? "" : `, reserved bits ${hex(bits)}`;
  switch (structure.type) {
    case "DRHD": {
      const size = `${(2 ** structure.size).toString()} x 4 KiB of registers`;
      const all = structure.includePciAll ? ", all other PCI devices" : "";
      return `segment ${structure.segment}, ${size} at ${hex(structure.base)}${all}${reserved}`;
    }
    case "RMRR": {
      const { segment, base, end } = structure;
      return `segment ${segment}, ${hex(base)} to ${hex(end)}${reserved}`;
    }
    case "ATSR":
      return `segment ${structure.segment}${structure.allPorts ? ", all ports" : ""}${reserved}`;
    case "SATC": {
      const required = structure.atcRequired ? ", cache required" : "";
      return `segment ${structure.segment}${required}${reserved}`;
    }
    case "RHSA":
      return `unit at ${hex(structure.base)}, domain ${structure.proximityDomain}${reserved}`;
    case "ANDD":
      return `device ${structure.deviceNumber}: ${shown(structure.name)}${reserved}`;
    case "raw":
      return `type ${structure.code}, ${structure.bytes.length} bytes that are not known`;
  }
}

const scopeNames: ReadonlyMap<number, string> = new Map(
  Object.entries(scopeTypes).map(([name, code]) => [code, name]),
);

function scopeMeaning({ type, enumerationId, bus, path, reserved }: Scope): string {
  const name = scopeNames.get(type) ?? `type ${type}`;
  const at = `${bus.toString(16).padStart(2, "0")}:${path.map(formatStep).join("/")}`;
  const rest = reserved === undefined ? "" : `, reserved bits ${hex(reserved)}`;
  return `${name} ${at}, id ${enumerationId}${rest}`;
}

function rowsOf(structure: Structure, at: number): readonly Row[] {
  const length = structureBytes(structure, at).length;
  const name = structure.type === "raw" ? "unknown" : structure.type;
  const rows: Row[] = [[hex(at), name, length, meaning(structure)]];
  const scopes = "scopes" in structure ? structure.scopes : [];
  let next = at + length - scopes.reduce((sum, { path }) => sum + 6 + 2 * path.length, 0);
  for (const scope of scopes) {
    const bytes = 6 + 2 * scope.path.length;
    rows.push([hex(next), "  scope", bytes, scopeMeaning(scope)]);
    next += bytes;
  }
  return rows;
}

/** A table in words: the header, then each structure and scope with its place. */
export function renderDmar(terminal: Terminal, table: Dmar, bytes: Uint8Array): string {
  const rows: Row[] = [];
  let at = headBytes;
  for (const structure of table.structures) {
    rows.push(...rowsOf(structure, at));
    at += structureBytes(structure, at).length;
  }
  const flags = [
    ...(table.intrRemap ? ["INTR_REMAP"] : []),
    ...(table.x2apicOptOut ? ["X2APIC_OPT_OUT"] : []),
    ...(table.dmaOptIn ? ["DMA_OPT_IN"] : []),
    ...(table.reserved === undefined ? [] : [`reserved bits ${hex(table.reserved)}`]),
  ];
  const oem = `"${shown(table.oemId)}" "${shown(table.oemTableId)}" ${table.oemRevision}`;
  const head = renderPairs(terminal, [
    ["Table", `DMAR, revision ${table.revision}, ${bytes.length} bytes`],
    ["Checksum", `${hex(bytes[9] ?? 0)}, correct`],
    ["OEM", oem],
    ["Creator", `"${shown(table.creatorId)}" ${table.creatorRevision}`],
    ["Host address width", table.hostAddressWidth],
    ["Flags", flags.length === 0 ? "none" : flags.join(", ")],
  ]);
  return `${head}\n${renderTable(terminal, ["At", "Structure", "Bytes", "Says"], rows)}`;
}
