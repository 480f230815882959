import { ContextEntry } from "../../events/context/context-entry.ts";
import { ExtendedContextEntry } from "../../events/context/extended-context-entry.ts";
import { ExtendedPasidEntry } from "../../events/context/extended-pasid-entry.ts";
import { PasidDirectoryEntry, PasidEntry } from "../../events/context/pasid-entry.ts";
import { RootEntry } from "../../events/context/root-entry.ts";
import { ScalableContextEntry } from "../../events/context/scalable-context-entry.ts";
import { ScalableRootEntry } from "../../events/context/scalable-root-entry.ts";
import type { FieldHalves } from "../../events/layout/field-halves.ts";
import { halvesOfField } from "../../events/layout/field-halves.ts";
import { bitMask } from "../../events/layout/layout-field.ts";
import type { PathPart } from "../host/host-entry.ts";

/** A table on the way from the root pointer to what serves a request. */
export interface ContextTable<Next extends FieldHalves | undefined = FieldHalves | undefined> {
  readonly name:
    | ("root" | "context" | "PASID directory" | "PASID entry")
    | ("extended root" | "extended context" | "extended PASID entry");
  /** What of a request says which entry: how far down its bits are shifted, and how many count. */
  readonly by: "source" | "pasid";
  readonly shift: number;
  readonly mask: number;
  /** Halves of 32 bits in one entry. */
  readonly length: number;
  /** The pointer to the next table, in the entry. */
  readonly next: Next;
  /** What of a host entry is marked when the entry changes. */
  readonly part: PathPart;
}

/** A table whose entries bits `[msb, lsb]` of a source-id or PASID tell apart. */
const table = <Next extends FieldHalves | undefined>(
  name: ContextTable["name"],
  by: ContextTable["by"],
  [msb, lsb]: readonly [number, number],
  width: number,
  next: Next,
): ContextTable<Next> => ({
  name,
  by,
  shift: lsb,
  mask: Number(bitMask(msb - lsb, 0)),
  length: width / 32,
  next,
  part: by === "source" ? "pending" : "pasidPending",
});

const ctp = halvesOfField(RootEntry.fields.ctp);

/** Legacy mode, from the top down. */
export const legacyTables = {
  root: table("root", "source", [15, 8], RootEntry.width, ctp),
  context: table("context", "source", [7, 0], ContextEntry.width, undefined),
} as const;

const lctp = halvesOfField(ScalableRootEntry.fields.lctp);
const pasiddirptr = halvesOfField(ScalableContextEntry.fields.pasiddirptr);
const smptblptr = halvesOfField(PasidDirectoryEntry.fields.smptblptr);

/**
 * Scalable mode, from the top down. A root entry counts as two of 64 bits, which are alike: the
 * lower one for the lower half of a bus's functions.
 */
export const scalableTables = {
  root: table("root", "source", [15, 7], ScalableRootEntry.width / 2, lctp),
  context: table("context", "source", [6, 0], ScalableContextEntry.width, pasiddirptr),
  directory: table("PASID directory", "pasid", [19, 6], PasidDirectoryEntry.width, smptblptr),
  pasid: table("PASID entry", "pasid", [5, 0], PasidEntry.width, undefined),
} as const;

const pasidptr = halvesOfField(ExtendedContextEntry.fields.pasidptr);

/** Version 2.x, from the top down; its root entries are those that scalable mode has kept. */
export const extendedTables = {
  root: table("extended root", "source", [15, 7], ScalableRootEntry.width / 2, lctp),
  context: table("extended context", "source", [6, 0], ExtendedContextEntry.width, pasidptr),
  pasid: table("extended PASID entry", "pasid", [19, 0], ExtendedPasidEntry.width, undefined),
} as const;

const legacyPath: readonly ContextTable[] = Object.values(legacyTables);
const scalablePath: readonly ContextTable[] = Object.values(scalableTables);

const extendedPath: readonly ContextTable[] = Object.values(extendedTables);
const withoutPasid = extendedPath.slice(0, 2);

/** The kinds of tables that a root pointer can name. */
export type TableMode = "legacy" | "scalable" | "extended";

/**
 * The tables of a mode that a request is resolved by, from the top down. With extended contexts
 * those without PASID end at the context entry.
 */
export function tablesOf(mode: TableMode, pasid: number | undefined): readonly ContextTable[] {
  if (mode === "legacy") return legacyPath;
  if (mode === "scalable") return scalablePath;
  return pasid === undefined ? withoutPasid : extendedPath;
}

/** Bytes of one entry of a table, in scalable mode or in another; of no such table 8. */
export function bytesOfTable(name: string, scalable: boolean): number {
  const all = [...(scalable ? scalablePath : legacyPath), ...extendedPath];
  return (all.find((one) => one.name === name)?.length ?? 2) * 4;
}

/** Where the entry of a source-id and PASID begins, in halves from the start of its table. */
export const placeIn = ({ by, shift, mask, length }: ContextTable, source: number, pasid: number) =>
  (((by === "source" ? source : pasid) >>> shift) & mask) * length;
