import { pageIn } from "../../events/address.ts";
import { ContextEntry, levelsOfWidth } from "../../events/context/context-entry.ts";
import {
  levelsOfMode,
  PasidDirectoryEntry,
  PasidEntry,
  pasidTypes,
} from "../../events/context/pasid-entry.ts";
import { RootEntry } from "../../events/context/root-entry.ts";
import { ScalableContextEntry } from "../../events/context/scalable-context-entry.ts";
import { ScalableRootEntry } from "../../events/context/scalable-root-entry.ts";
import { FirstStageEntry } from "../../events/first-stage/first-stage-entry.ts";
import type { FieldHalves } from "../../events/layout/field-halves.ts";
import { fieldHalves, numberIn } from "../../events/layout/field-halves.ts";
import { SecondStageEntry } from "../../events/shadow/second-stage-entry.ts";
import type { ContextTable } from "../../projections/context/context-table.ts";
import { legacyTables, scalableTables } from "../../projections/context/context-table.ts";

/** What a page of guest memory holds for the unit. */
export type TableKind =
  | { readonly kind: "root" | "context" }
  | { readonly kind: "scalableRoot" | "scalableContext" | "pasidTable" }
  | { readonly kind: "pasidDirectory" }
  | { readonly kind: "secondStage" | "firstStage"; readonly level: number };

/** A page that another one points to. */
export interface TableLink {
  readonly gpa: number;
  readonly table: TableKind;
}

const pageBytes = 4096;
/** Bits 51:32 of a word that points to a page, in its upper half. */
const highPart = 0x000f_ffff;

const halfAt = (page: Buffer, at: number, half: number): number => page.readUInt32LE(at + half * 4);

const pointer = (page: Buffer, at: number, { half, above }: FieldHalves): number =>
  pageIn(halfAt(page, at, half), halfAt(page, at, half + 1), above & highPart) * pageBytes;

const fieldOf = (page: Buffer, at: number, field: FieldHalves): number =>
  numberIn(field, halfAt(page, at, field.half));

/** A field of one bit, mostly that which says that the entry is valid. */
const isSet = (page: Buffer, at: number, field: FieldHalves): boolean =>
  fieldOf(page, at, field) !== 0;

/** The links of all entries of a page. */
function each(entryBytes: number, links: (at: number) => TableLink | undefined): TableLink[] {
  const found: TableLink[] = [];
  for (let at = 0; at < pageBytes; at += entryBytes) {
    const link = links(at);
    if (link !== undefined) found.push(link);
  }
  return found;
}

const contextBits = fieldHalves(ContextEntry);

function contextLink(page: Buffer, at: number): TableLink | undefined {
  const type = fieldOf(page, at, contextBits.tt);
  const { untranslated, all } = ContextEntry.fields.tt.names;
  const isTranslated = type === untranslated || type === all;
  if (!isSet(page, at, contextBits.present) || !isTranslated) return undefined;
  const level = levelsOfWidth(fieldOf(page, at, contextBits.aw));
  return { gpa: pointer(page, at, contextBits.ssptptr), table: { kind: "secondStage", level } };
}

const pasidBits = fieldHalves(PasidEntry);

function pasidLink(page: Buffer, at: number): TableLink | undefined {
  if (!isSet(page, at, pasidBits.present)) return undefined;
  const type = fieldOf(page, at, pasidBits.pgtt);
  if (type === pasidTypes.firstStage) {
    const level = levelsOfMode(fieldOf(page, at, pasidBits.fspm));
    return { gpa: pointer(page, at, pasidBits.fsptptr), table: { kind: "firstStage", level } };
  }
  if (type !== pasidTypes.secondStage) return undefined;
  const level = levelsOfWidth(fieldOf(page, at, pasidBits.aw));
  return { gpa: pointer(page, at, pasidBits.ssptptr), table: { kind: "secondStage", level } };
}

const first = fieldHalves(FirstStageEntry);
const second = fieldHalves(SecondStageEntry);

/** For each stage: the bits of which a present entry has one; what makes it a leaf; its address. */
const stages = {
  firstStage: { present: first.present.mask, leaf: first.ps.mask, address: first.address },
  secondStage: {
    present: second.r.mask | second.w.mask,
    leaf: second.ps.mask,
    address: second.address,
  },
} as const;

/** The tables below one of a translation: its leaves above level 1 point to none. */
function entryLinks(page: Buffer, kind: keyof typeof stages, level: number): TableLink[] {
  if (level <= 1) return [];
  const { present, leaf, address } = stages[kind];
  return each(8, (at) => {
    const low = halfAt(page, at, 0);
    if ((low & present) === 0 || (low & leaf) !== 0) return undefined;
    return { gpa: pointer(page, at, address), table: { kind, level: level - 1 } };
  });
}

const scalableBits = fieldHalves(ScalableContextEntry);
const bytesOf = ({ length }: ContextTable): number => length * 4;

/** A context entry's directory: PDTS says how many pages it has. */
function directoryLinks(page: Buffer): TableLink[] {
  const found: TableLink[] = [];
  const { context, directory } = scalableTables;
  for (let at = 0; at < pageBytes; at += bytesOf(context)) {
    if (!isSet(page, at, scalableBits.present)) continue;
    const bytes = bytesOf(directory) * 2 ** (fieldOf(page, at, scalableBits.pdts) + 7);
    const start = pointer(page, at, context.next);
    for (let offset = 0; offset < bytes; offset += pageBytes) {
      found.push({ gpa: start + offset, table: { kind: "pasidDirectory" } });
    }
  }
  return found;
}

const present = {
  root: fieldHalves(RootEntry).present,
  scalableRoot: fieldHalves(ScalableRootEntry).lp,
  directory: fieldHalves(PasidDirectoryEntry).present,
};

/** The links of all entries of a table that are valid by a bit. */
function presentLinks(
  page: Buffer,
  table: ContextTable<FieldHalves>,
  bit: FieldHalves,
  next: TableKind,
): TableLink[] {
  return each(bytesOf(table), (at) =>
    isSet(page, at, bit) ? { gpa: pointer(page, at, table.next), table: next } : undefined,
  );
}

/**
 * The pages that a page of the guest's tables points to. Entries that are not present point to
 * nothing; reserved bits are passed over.
 *
 * @param page  4096 bytes.
 */
export function tableLinks(page: Buffer, table: TableKind): readonly TableLink[] {
  switch (table.kind) {
    case "root":
      return presentLinks(page, legacyTables.root, present.root, { kind: "context" });
    case "scalableRoot":
      return presentLinks(page, scalableTables.root, present.scalableRoot, {
        kind: "scalableContext",
      });
    case "context":
      return each(bytesOf(legacyTables.context), (at) => contextLink(page, at));
    case "scalableContext":
      return directoryLinks(page);
    case "pasidDirectory":
      return presentLinks(page, scalableTables.directory, present.directory, {
        kind: "pasidTable",
      });
    case "pasidTable":
      return each(bytesOf(scalableTables.pasid), (at) => pasidLink(page, at));
    case "secondStage":
    case "firstStage":
      return entryLinks(page, table.kind, table.level);
  }
}
