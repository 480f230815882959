import type { PasidValue, Space, Tables } from "../pasid-entry.ts";
import type { Unit, Word } from "../walk.ts";
import { reader } from "../walk.ts";
import { bit, bits } from "../word.ts";
import type { EntryFault, ExtendedContext } from "./context.ts";
import { readExtended } from "./context.ts";
import { readPasid } from "./outcome.ts";
import type { ExtendedUnit } from "./unit.ts";
import { pasidBits } from "./unit.ts";

/** What a request says of itself, as the other oracle has it. */
interface Asked {
  readonly pasid?: number | undefined;
  readonly privileged?: boolean | undefined;
  readonly execute?: boolean | undefined;
}

interface Common {
  readonly did: number;
  readonly fpd: boolean;
}

/** What extended tables make of a request, as one of the other oracle's resolutions. */
type Resolution =
  | { readonly kind: "fault"; readonly reason: number; readonly fpd: boolean }
  | ({ readonly kind: "passThrough"; readonly scalable: boolean } & Common)
  | ({ readonly kind: "tables"; readonly scalable: boolean } & Common & Tables)
  | ({ readonly kind: "firstStage"; readonly space: Space; readonly privileged: boolean } & Common);

/** An extended context entry that a request may be resolved by. */
export interface ExtendedSource {
  readonly kind: "extended";
  readonly context: ExtendedContext;
}

/** Whether a unit is one of version 2.x, and whether it works by extended tables. */
export const hasExtended = ({ ecap }: Pick<Unit, "ecap">): boolean => bit(ecap, 24);
export const inExtendedMode = ({ ecap, root }: Pick<Unit, "ecap" | "root">): boolean =>
  bit(ecap, 24) && bits(root, 11, 10) === 2;

/** The unit as its extended tables are read, one word after the other. */
const unitOf = (unit: Unit, read64: Unit["read64"]): ExtendedUnit => ({
  ...unit,
  read64,
  pasidBit: pasidBits.from24,
});

/** Reads root and context entry of a source-id; the words are those that it read, in order. */
export function readSourceEntry(
  unit: Unit,
  sid: number,
): { entry: ExtendedSource | EntryFault; words: Word[] } {
  const { words, take } = reader(unit);
  const context = readExtended(unitOf(unit, take), sid);
  return { entry: context.kind === "fault" ? context : { kind: "extended", context }, words };
}

/** Why a context entry has no PASID entry for a request, or nothing. */
export function pasidFault(
  { context }: ExtendedSource,
  { pasid = 0 }: Pick<Asked, "pasid">,
): number | undefined {
  if (!context.takesPasid) return 0xd;
  if (!context.paside) return 0x18;
  return pasid < context.pasidCount ? undefined : 0x1b;
}

/** What a context entry alone makes of a request; nothing where a PASID entry decides. */
export function byContext(entry: ExtendedSource, asked: Asked): Resolution | undefined {
  const { context } = entry;
  const { did, fpd } = context;
  if (asked.pasid === undefined) {
    return context.withoutPasid === "nothing"
      ? { kind: "passThrough", did, fpd, scalable: false }
      : { kind: "tables", did, fpd, scalable: false, ...context.second };
  }
  const reason = pasidFault(entry, asked);
  return reason === undefined ? undefined : { kind: "fault", reason, fpd };
}

/** Reads the PASID entry that a context entry has for a PASID. */
export function readPasidEntry(
  unit: Unit,
  { context }: ExtendedSource,
  pasid: number,
): { value: PasidValue; words: Word[] } {
  const { words, take } = reader(unit);
  const asked = { pasid, execute: false, privileged: false };
  const entry = readPasid(unitOf(unit, take), context, asked);
  const { did } = context;
  if (entry.kind === "fault") {
    return { value: { kind: "fault", reason: entry.reason, fpd: false, did }, words };
  }
  const supervised = readPasid(unitOf(unit, unit.read64), context, { ...asked, privileged: true });
  const space: Space = {
    ...{ did, pasid, root: entry.root, levels: 4 },
    ...{ wpe: context.writeProtect, nxe: context.noExecute, smep: context.smep },
    eafe: context.extendedAccessed,
    second: context.nested ? { did, ...context.second } : undefined,
  };
  const value: PasidValue = {
    ...{ kind: "entry", did, fpd: false, execute: context.execute },
    privileged: supervised.kind === "root",
    leads: { kind: "firstStage", space },
  };
  return { value, words };
}

/** What a context entry and a PASID entry make of a request: the former's ERE counts first. */
export function byPasid({ context }: ExtendedSource, value: PasidValue, asked: Asked): Resolution {
  const { did, fpd } = context;
  const stop = (reason: number): Resolution => ({ kind: "fault", reason, fpd });
  if (asked.execute === true && !context.execute) return stop(0x19);
  if (value.kind === "fault") return stop(value.reason);
  const privileged = asked.privileged === true;
  if (privileged && !value.privileged) return stop(0x1a);
  const { leads } = value;
  if (leads.kind !== "firstStage") return stop(0x3);
  return { kind: "firstStage", did, fpd, space: leads.space, privileged };
}

/** What version 2.x calls what a walk of first-stage tables of later versions ends with. */
const names: Readonly<Record<number, number>> = {
  ...{ 112: 0x15, 113: 0x17, 114: 0x16, 115: 0x13, 116: 0x4, 117: 0x6, 118: 0x6 },
  ...{ 119: 0x5, 120: 0x7, 122: 0xc, 123: 0x3, 128: 0x14, 129: 0x1e, 130: 0x1d },
  ...{ 131: 0x4, 132: 0x4, 133: 0x5, 134: 0x6, 135: 0xe, 145: 0x15 },
};

/** The reason of version 2.x for one of a later version's first-stage walk. */
export function nameOf(reason: number, access: "read" | "write"): number {
  if (reason === 0x79) return access === "write" ? 0x5 : 0x6;
  return names[reason] ?? reason;
}
