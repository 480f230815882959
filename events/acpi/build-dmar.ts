import type { AnyLayout } from "../layout/layout.ts";
import { placeField } from "../layout/layout.ts";
import type { FieldValue } from "../layout/layout-field.ts";
import { AcpiError } from "./acpi-error.ts";
import type { Dmar, Scope, Structure } from "./dmar.ts";
import { maker } from "./dmar.ts";
import { kindOfType } from "./dmar-kind.ts";
import { DeviceScope, DmarHeader, StructureHeader, TableHeader } from "./dmar-layout.ts";
import { bytesOfNumber, bytesOfText, numberAt } from "./little-endian.ts";
import { checksumOf, headBytes } from "./read-dmar.ts";

type Values = Readonly<Record<string, unknown>>;

function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The bytes of a layout's fields; `at` is where they lie in the table. */
function encode(layout: AnyLayout, values: Values, at: number): Uint8Array {
  const reserved = (values["reserved"] ?? 0n) as bigint;
  if (reserved < 0n || (reserved | layout.reservedMask) !== layout.reservedMask) {
    throw new AcpiError(at, `${layout.name}: reserved has bits that are not reserved`);
  }
  let word = reserved;
  for (const [name, field] of Object.entries(layout.fields)) {
    try {
      word |= placeField(field, (values[name] ?? 0) as FieldValue);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      const value = String(values[name]);
      throw new AcpiError(at + (field.lsb >> 3), `${layout.name}: ${name} ${value} does not fit`);
    }
  }
  return bytesOfNumber(word, layout.width / 8);
}

function scopeBytes(scope: Scope, at: number): Uint8Array {
  const length = 6 + 2 * scope.path.length;
  if (length < 8 || length > 255) {
    const steps = scope.path.length;
    throw new AcpiError(at + 1, `a device scope has ${steps} steps, not 1 to 124`);
  }
  const flags = Object.fromEntries((scope.flags ?? []).map((name) => [name, true]));
  const head = encode(DeviceScope, { ...scope, ...flags, length }, at);
  const path = scope.path.flatMap((step) => [step.device, step.function]);
  return join([head, Uint8Array.from(path)]);
}

function tailBytes(structure: Structure, at: number): Uint8Array {
  if (structure.type === "raw") return structure.bytes;
  if (structure.type === "ANDD") {
    return join([bytesOfText(`${structure.name}\0`), structure.rest ?? new Uint8Array()]);
  }
  if (structure.type === "RHSA") return structure.rest ?? new Uint8Array();
  const parts: Uint8Array[] = [];
  let next = at;
  for (const scope of structure.scopes) {
    const bytes = scopeBytes(scope, next);
    parts.push(bytes);
    next += bytes.length;
  }
  return join(parts);
}

/**
 * The bytes of one structure.
 *
 * @param at  where it begins in the table, for errors.
 * @throws AcpiError when a value does not fit, or the structure is longer than 65,535 bytes.
 */
export function structureBytes(structure: Structure, at: number): Uint8Array {
  const kind = kindOfType.get(structure.type);
  const layout = kind?.layout ?? StructureHeader;
  const type = structure.type === "raw" ? structure.code : (kind?.code ?? 0);
  const fixed = layout.width / 8;
  const tail = tailBytes(structure, at + fixed);
  const length = fixed + tail.length;
  if (length > 0xffff) {
    throw new AcpiError(at + 2, `${structure.type}: ${length} bytes are too many for a structure`);
  }
  return join([encode(layout, { ...structure, type, length }, at), tail]);
}

/** A text as the number that its bytes are, filled up with spaces. */
function letters(text: string, size: number): bigint {
  return numberAt(bytesOfText(text.padEnd(size, " ")), 0, Math.max(size, text.length));
}

/**
 * Builds a DMAR table, with lengths and checksum.
 *
 * @throws AcpiError with the offset of what does not fit into the table.
 */
export function buildDmar(config: Dmar): Uint8Array {
  const { oemId, oemTableId, creatorId, ...rest } = { ...maker, ...config };
  const parts: Uint8Array[] = [];
  let length = headBytes;
  for (const structure of config.structures) {
    const bytes = structureBytes(structure, length);
    parts.push(bytes);
    length += bytes.length;
  }
  const header = {
    ...{ signature: numberAt(bytesOfText("DMAR"), 0, 4), length },
    ...{ revision: rest.revision, oemRevision: rest.oemRevision },
    creatorRevision: rest.creatorRevision,
    ...{ oemId: letters(oemId, 6), oemTableId: letters(oemTableId, 8) },
    creatorId: letters(creatorId, 4),
  };
  const flags = { ...config, hostAddressWidth: config.hostAddressWidth - 1 };
  const head = [encode(TableHeader, header, 0), encode(DmarHeader, flags, 36)];
  const table = join([...head, ...parts]);
  table[9] = checksumOf(table);
  return table;
}
