import { hex } from "../../events/address.ts";
import { levelsOfWidth } from "../../events/context/context-entry.ts";
import { PasidDirectoryEntry, PasidEntry, pasidTypes } from "../../events/context/pasid-entry.ts";
import { ScalableContextEntry } from "../../events/context/scalable-context-entry.ts";
import { ScalableRootEntry } from "../../events/context/scalable-root-entry.ts";
import { FirstStageEntry } from "../../events/first-stage/first-stage-entry.ts";

/** `DTE=1 PASIDE=0`: names of bits and what they are. */
export const bitsText = (bits: Readonly<Record<string, boolean>>): string =>
  Object.entries(bits)
    .map(([name, isSet]) => `${name}=${isSet ? "1" : "0"}`)
    .join(" ");

/** Names of the bits that are set, after a comma. */
export function setText(bits: Readonly<Record<string, boolean>>): string {
  const names = Object.entries(bits).filter(([, isSet]) => isSet);
  return names.length === 0 ? "" : `, ${bitsText(Object.fromEntries(names))}`;
}

/** What half of a root entry says, which is all that a request reads; `address` says which half. */
export function rootMeaning(entry: bigint, address: bigint): string {
  const { lp, lctp } = ScalableRootEntry.decode(entry);
  const half =
    (address & 8n) === 0n ? "lower half, devices 00 to 0f" : "upper half, devices 10 to 1f";
  return lp ? `context table at ${hex(lctp)} (${half})` : `not present (${half})`;
}

export function contextMeaning(entry: bigint): string {
  const fields = ScalableContextEntry.decode(entry);
  const { present, fpd, dte, paside, pre, pdts, pasiddirptr, ridPasid, ridPriv } = fields;
  if (!present) return `not present${setText({ FPD: fpd })}`;
  const bits = bitsText({ PASIDE: paside, DTE: dte, PRE: pre });
  const rest = setText({ FPD: fpd, RID_PRIV: ridPriv });
  const last = hex(2 ** (pdts + 13) - 1);
  const directory = `directory for PASIDs to ${last} at ${hex(pasiddirptr)}`;
  return `${directory}, RID_PASID ${hex(ridPasid)}, ${bits}${rest}`;
}

export function directoryMeaning(entry: bigint): string {
  const { present, fpd, smptblptr } = PasidDirectoryEntry.decode(entry);
  const rest = setText({ FPD: fpd });
  return present ? `PASID table at ${hex(smptblptr)}${rest}` : `not present${rest}`;
}

const typeNames: ReadonlyMap<number, string> = new Map([
  [pasidTypes.firstStage, "first stage"],
  [pasidTypes.secondStage, "second stage"],
  [pasidTypes.nested, "nested"],
  [pasidTypes.passThrough, "pass-through"],
]);

/** What a PASID granular translation type is called. */
export const typeName = (pgtt: number): string =>
  typeNames.get(pgtt) ?? `type ${pgtt.toString()}, which does not exist`;

export function pasidMeaning(entry: bigint): string {
  const fields = PasidEntry.decode(entry);
  const { present, fpd, pgtt, did, aw, fspm, ssptptr, fsptptr } = fields;
  if (!present) return `not present${setText({ FPD: fpd })}`;
  const isNested = pgtt === pasidTypes.nested;
  const first = `${(fspm + 4).toString()} levels from ${hex(fsptptr)}`;
  const second = `${levelsOfWidth(aw).toString()} levels from ${hex(ssptptr)}`;
  let tables = "";
  if (pgtt === pasidTypes.firstStage) tables = `, ${first}`;
  if (pgtt === pasidTypes.secondStage) tables = `, ${second}`;
  if (isNested) tables = `, first stage ${first} over second stage ${second}`;
  const { sre, ere, wpe, nxe, smep, eafe, ssade } = fields;
  const flags = { FPD: fpd, SSADE: ssade, SRE: sre, ERE: ere };
  const rules = { WPE: wpe, NXE: nxe, SMEP: smep, EAFE: eafe };
  const rest = setText({ ...flags, ...(isNested || pgtt === pasidTypes.firstStage ? rules : {}) });
  return `${typeName(pgtt)}, domain ${did.toString()}${tables}${rest}`;
}

/** What a first-stage entry says; it begins with a verb. */
export function firstStageMeaning(level: number, entry: bigint): string {
  const { present, rw, us, a, d, ps, ea, xd, address } = FirstStageEntry.decode(entry);
  if (!present) return "maps nothing (P=0)";
  const isLeaf = level === 1 || (ps && level <= 3);
  const bits = { P: present, "R/W": rw, "U/S": us, A: a, ...(isLeaf ? { D: d } : {}) };
  const rest = { ...(ea ? { EA: ea } : {}), ...(xd ? { XD: xd } : {}) };
  const who = us ? "user" : "supervisor alone";
  // Bit 12 of a superpage is no part of its address.
  const page =
    isLeaf && level > 1 ? address - (address % (1n << BigInt(12 + 9 * (level - 1)))) : address;
  const leads = `${isLeaf ? "page" : "next table"} ${hex(page)}`;
  const access = rw ? "read and write" : "read only";
  return `allows ${access}, ${who} (${bitsText({ ...bits, ...rest })}), ${leads}`;
}
