import type { Field, FieldTable, Shape } from "../field.ts";
import {
  bytes,
  FieldError,
  flag,
  integer,
  list,
  oneOf,
  optional,
  record,
  shapeFromJson,
  shapeToJson,
  wideWord,
  word,
} from "../field.ts";
import { namedCode, pathStep, shortText, textBeforeZero } from "./dmar-field.ts";

/** Kinds of device in a scope. */
export const scopeTypes = {
  ...{ notUsed: 0, endpoint: 1, bridge: 2 },
  ...{ ioapic: 3, hpet: 4, namespace: 5 },
} as const;

/** Flags of a scope, the lowest bit first. In an SIDP they say what is special of the device. */
export const scopeFlags = [
  "reqWoPasidNestedNotAllowed",
  "reqWoPasidPwsnpNotAllowed",
  "reqWoPasidPgsnpNotAllowed",
  "atcHardened",
  "atcRequired",
] as const;

export type ScopeFlag = (typeof scopeFlags)[number];

/** Reserved bits that are not 0, at their place, bit 0 being the first of what they are part of. */
const reserved = optional(wideWord);
const segment = integer(0, 0xffff);
const objectName = textBeforeZero(65_526);

/** A device: its path from a bus down, through bridges, a device and function a step. */
const scope = {
  type: namedCode(scopeTypes, 255),
  flags: optional(list(oneOf(...scopeFlags))),
  enumerationId: integer(0, 255),
  bus: integer(0, 255),
  path: list(pathStep),
  reserved,
} as const;

const scopes = list(record(scope));

/**
 * Every kind of remapping structure; the fields of each are its JSON form and its type. `raw` is
 * one whose type is not known, or that is too short for its type: `bytes` is what follows its type
 * and length. `rest` is what follows a structure's fields, or the zero byte that ends its name.
 */
export const structures = {
  DRHD: { includePciAll: flag, size: integer(0, 15), segment, base: word, reserved, scopes },
  RMRR: { segment, base: word, end: word, reserved, scopes },
  ATSR: { allPorts: flag, segment, reserved, scopes },
  RHSA: {
    base: word,
    proximityDomain: integer(0, 0xffff_ffff),
    reserved,
    rest: optional(bytes),
  },
  ANDD: { deviceNumber: integer(0, 255), name: objectName, reserved, rest: optional(bytes) },
  SATC: { atcRequired: flag, segment, reserved, scopes },
  SIDP: { segment, reserved, scopes },
  raw: { code: integer(0, 0xffff), bytes },
} as const;

export type StructureType = keyof typeof structures;
export type StructureOf<T extends StructureType> = { readonly type: T } & Shape<
  (typeof structures)[T]
>;
/** One remapping structure. */
export type Structure = { [T in StructureType]: StructureOf<T> }[StructureType];
export type Scope = Shape<typeof scope>;

function structureFromJson(raw: unknown): Structure {
  const { type, ...rest } = Object(raw) as Readonly<Record<string, unknown>>;
  if (typeof type !== "string" || !Object.hasOwn(structures, type)) {
    const names = Object.keys(structures).join(" | ");
    throw new FieldError(`type: expected ${names}`);
  }
  const table: FieldTable = structures[type as StructureType];
  return { type, ...shapeFromJson(table, rest) } as unknown as Structure;
}

function numbered(raw: unknown): readonly Structure[] {
  if (!Array.isArray(raw)) throw new FieldError("expected a list of structures");
  return raw.map((item: unknown, index) => {
    try {
      return structureFromJson(item);
    } catch (error) {
      if (error instanceof FieldError) throw new FieldError(`${index + 1}: ${error.message}`);
      throw error;
    }
  });
}

const structureList: Field<readonly Structure[]> = {
  form: "list of structures",
  optional: false,
  toJson: (all) =>
    all.map((one) => ({ type: one.type, ...shapeToJson(structures[one.type], one) })),
  fromJson: numbered,
};

/**
 * A DMAR table. Who made it may be left out; shorter texts are filled up with spaces.
 * `hostAddressWidth` is in bits, 1 to 256.
 */
export const dmar = {
  revision: optional(integer(0, 255)),
  oemId: optional(shortText(6)),
  oemTableId: optional(shortText(8)),
  oemRevision: optional(integer(0, 0xffff_ffff)),
  creatorId: optional(shortText(4)),
  creatorRevision: optional(integer(0, 0xffff_ffff)),
  hostAddressWidth: integer(1, 256),
  intrRemap: flag,
  x2apicOptOut: flag,
  dmaOptIn: flag,
  reserved,
  structures: structureList,
} as const;

export type Dmar = Shape<typeof dmar>;

/** What stands in a table whose maker nobody names. */
export const maker = {
  revision: 1,
  oemId: "SHADOW",
  oemTableId: "FOLDDMAR",
  oemRevision: 1,
  creatorId: "SHFD",
  creatorRevision: 1,
} as const;

/** @throws FieldError when a field is missing, of the wrong form, or unknown. */
export const dmarFromJson = (raw: unknown): Dmar => shapeFromJson(dmar, raw);

/** The JSON form, which `dmarFromJson` reads again. */
export const dmarToJson = (table: Dmar): object => shapeToJson(dmar, table);
