import { hex } from "../../events/address.ts";
import { ContextEntry } from "../../events/context-entry.ts";
import { RootEntry } from "../../events/root-entry.ts";
import { SecondStageEntry } from "../../events/second-stage-entry.ts";

/** `read and write`, `read only`, `write only` or `nothing`. */
export const grants = (read: boolean, write: boolean): string => {
  if (read && write) return "read and write";
  if (read) return "read only";
  return write ? "write only" : "nothing";
};

/** What the tables' entry at one place says, in words. */
export function meaning(table: string, level: number | undefined, entry: bigint): string {
  if (table === "root") {
    const { present, ctp } = RootEntry.decode(entry);
    return present ? `context table at ${hex(ctp)}` : "not present";
  }
  if (table === "context") {
    const { present, tt, did, ssptptr, aw } = ContextEntry.decode(entry);
    if (!present) return "not present";
    const domain = `domain ${did.toString()}`;
    if (tt === ContextEntry.fields.tt.names.passThrough) return `${domain}, pass-through`;
    return `${domain}, ${(aw + 2).toString()} levels of tables from ${hex(ssptptr)}`;
  }
  const { r, w, ps, address } = SecondStageEntry.decode(entry);
  const bits = `R=${r ? "1" : "0"} W=${w ? "1" : "0"}`;
  if (!r && !w) return `maps nothing (${bits})`;
  const isLeaf = level === 1 || ps;
  return `allows ${grants(r, w)} (${bits}), ${isLeaf ? "page" : "next table"} ${hex(address)}`;
}

/** The same as a phrase that goes on from "it". */
export function verbPhrase(table: string, level: number | undefined, entry: bigint): string {
  const text = meaning(table, level, entry);
  return /^(allows|maps)/.test(text) ? text : `says: ${text}`;
}
