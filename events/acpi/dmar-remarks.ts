import type { Structure } from "./dmar.ts";
import { scopeTypes } from "./dmar.ts";
import type { Found } from "./dmar-found.ts";
import { found } from "./dmar-found.ts";
import { kindOfType } from "./dmar-kind.ts";
import type { DmarReading } from "./read-dmar.ts";
import { regionRemarks } from "./region-remarks.ts";
import type { Note, Remark } from "./remark.ts";
import { linuxRefuses, xenRefuses } from "./remark.ts";
import { scopeRemarks } from "./scope-remarks.ts";
import { unitRemarks } from "./unit-remarks.ts";

function headRemarks({ table, isHidden }: DmarReading, note: Note): void {
  if (isHidden) {
    note(0, 'the signature is "RMAD"', { Xen: "hides the table from its first guest by it" });
  }
  const width = table.hostAddressWidth;
  if (width < 12) {
    const xen = width === 1 ? { Xen: `"Zero: Invalid DMAR width", ${xenRefuses}` } : {};
    const linux = { Linux: `"Invalid DMAR haw", ${linuxRefuses}` };
    note(36, `the host address width ${width} is less than a page's`, { ...linux, ...xen });
  }
  if (table.x2apicOptOut && !table.intrRemap) {
    const who = { "the specification": "valid with INTR_REMAP alone" };
    note(37, "X2APIC_OPT_OUT without INTR_REMAP", who);
  }
}

const codeOf = (structure: Structure): number =>
  structure.type === "raw" ? structure.code : (kindOfType.get(structure.type)?.code ?? 0);

/** The first structure whose type comes before its predecessor's. */
function orderRemark({ table, places }: DmarReading, note: Note): void {
  const codes = table.structures.map(codeOf);
  const index = codes.findIndex((code, at) => code < (codes[at - 1] ?? 0));
  const place = places[index];
  if (place === undefined) return;
  const what = `a structure of type ${codes[index]} after one of type ${codes[index - 1]}`;
  note(place.at, what, { "the specification": "in the order of their types" });
}

function rootPortRemarks(all: readonly Found<"ATSR">[], note: Note): void {
  const whole = all.filter(([{ allPorts, segment }]) => allPorts && segment === 0);
  for (const [, { at }] of whole.slice(1)) {
    const who = { Xen: `"Only one ALL_PORTS device scope is allowed", ${xenRefuses}` };
    note(at, "a second ATSR with all ports of segment 0", who);
  }
}

function affinityRemarks(reading: DmarReading, note: Note): void {
  const units = new Map<bigint, number>();
  for (const [{ base }, { at }] of found(reading, "DRHD").toReversed()) units.set(base, at);
  for (const [{ base }, { at }] of found(reading, "RHSA")) {
    if ((units.get(base) ?? at) < at) continue;
    const who = { Linux: '"RHSA refers to non-existent DMAR unit"' };
    note(at, `no unit before it has its registers at 0x${base.toString(16)}`, who);
  }
}

function nameRemarks(reading: DmarReading, note: Note): void {
  const scopes = found(reading, "DRHD").flatMap(([unit]) => unit.scopes);
  const devices = scopes.filter(({ type }) => type === scopeTypes.namespace);
  const named = new Set(devices.map(({ enumerationId }) => enumerationId));
  const seen = new Set<number>();
  for (const [{ deviceNumber }, { at }] of found(reading, "ANDD")) {
    const what = `ACPI device ${deviceNumber}`;
    if (!named.has(deviceNumber)) {
      const who = { Linux: `"No IOMMU scope found for ANDD enumeration ID ${deviceNumber}"` };
      note(at, `no unit has ${what} in its scope`, who);
    }
    if (seen.has(deviceNumber)) {
      const who = { "the specification": "each has a number of its own" };
      note(at, `${what} is declared twice`, who);
    }
    seen.add(deviceNumber);
  }
}

/**
 * What readers of a table stumble over though it can be read, in the order of its bytes. It is what
 * Linux (up to 7.2) and Xen (up to 4.21) print or do, and what the specification asks for.
 */
export function remarksOn(reading: DmarReading): readonly Remark[] {
  const remarks: Remark[] = [];
  const note: Note = (at, what, who = {}) => void remarks.push({ at, what, who });
  headRemarks(reading, note);
  orderRemark(reading, note);
  unitRemarks(reading, note);
  scopeRemarks(reading, note);
  regionRemarks(found(reading, "RMRR"), note);
  rootPortRemarks(found(reading, "ATSR"), note);
  affinityRemarks(reading, note);
  nameRemarks(reading, note);
  return remarks.toSorted((a, b) => a.at - b.at);
}
