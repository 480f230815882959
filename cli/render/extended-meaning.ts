import { hex } from "../../events/address.ts";
import { levelsOfWidth } from "../../events/context/context-entry.ts";
import {
  ExtendedContextEntry,
  extendedTypes,
} from "../../events/context/extended-context-entry.ts";
import { ExtendedPasidEntry } from "../../events/context/extended-pasid-entry.ts";
import { bitsText, setText } from "./scalable-meaning.ts";

const { untranslated, all, passThrough, pasid, pasidAll } = extendedTypes;

const passing: ReadonlySet<number> = new Set([passThrough, pasid, pasidAll]);

/** What an extended context entry does with requests without PASID. */
function plainText(t: number, aw: number, slptptr: bigint): string {
  if (passing.has(t)) return "pass-through";
  if (t !== untranslated && t !== all) return `type ${t.toString()}, which does not exist`;
  return `${levelsOfWidth(aw).toString()} levels of tables from ${hex(slptptr)}`;
}

/** What an extended context entry says, in words. */
export function extendedContextMeaning(entry: bigint): string {
  const fields = ExtendedContextEntry.decode(entry);
  const { present, fpd, t, did, aw, slptptr, paside, neste, pre, pts, pasidptr } = fields;
  if (!present) return `not present${setText({ FPD: fpd })}`;
  const bits = bitsText({ PASIDE: paside, NESTE: neste, PRE: pre });
  const plain = `domain ${did.toString()}, without PASID ${plainText(t, aw, slptptr)}`;
  const last = hex(2 ** (pts + 5) - 1);
  const table = paside ? `, PASIDs to ${last} at ${hex(pasidptr)}` : "";
  const { nxe, wpe, smep, eafe, ere } = fields;
  const rules = setText({ FPD: fpd, NXE: nxe, WPE: wpe, SMEP: smep, EAFE: eafe, ERE: ere });
  return `${plain}${table}, T=${t.toString()} ${bits}${rules}`;
}

/** What a PASID entry of version 2.x says, in words. */
export function extendedPasidMeaning(entry: bigint): string {
  const { present, sre, flptptr } = ExtendedPasidEntry.decode(entry);
  return present
    ? `first stage, 4 levels from ${hex(flptptr)}${setText({ SRE: sre })}`
    : "not present";
}
