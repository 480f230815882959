import { hex } from "../../events/address.ts";
import { ContextEntry, levelsOfWidth } from "../../events/context/context-entry.ts";
import { RootEntry } from "../../events/context/root-entry.ts";
import { SecondStageEntry } from "../../events/shadow/second-stage-entry.ts";
import type { TranslationStep } from "../../hypervisor/translate/three-answers.ts";
import { extendedContextMeaning, extendedPasidMeaning } from "./extended-meaning.ts";
import {
  contextMeaning,
  directoryMeaning,
  firstStageMeaning,
  pasidMeaning,
  rootMeaning,
} from "./scalable-meaning.ts";

/** `read and write`, `read only`, `write only` or `nothing`. */
export const grants = (read: boolean, write: boolean): string => {
  if (read && write) return "read and write";
  if (read) return "read only";
  return write ? "write only" : "nothing";
};

/** Where an entry lies: which table, of which mode. */
export interface EntryPlace extends Pick<TranslationStep, "table" | "level" | "address"> {
  readonly scalable: boolean;
}

function legacyContextMeaning(entry: bigint): string {
  const { present, tt, did, ssptptr, aw } = ContextEntry.decode(entry);
  if (!present) return "not present";
  const domain = `domain ${did.toString()}`;
  if (tt === ContextEntry.fields.tt.names.passThrough) return `${domain}, pass-through`;
  return `${domain}, ${levelsOfWidth(aw).toString()} levels of tables from ${hex(ssptptr)}`;
}

function legacyRootMeaning(entry: bigint): string {
  const { present, ctp } = RootEntry.decode(entry);
  return present ? `context table at ${hex(ctp)}` : "not present";
}

function secondStageMeaning(level: number | undefined, entry: bigint): string {
  const { r, w, ps, address } = SecondStageEntry.decode(entry);
  const bits = `R=${r ? "1" : "0"} W=${w ? "1" : "0"}`;
  if (!r && !w) return `maps nothing (${bits})`;
  const isLeaf = level === 1 || ps;
  return `allows ${grants(r, w)} (${bits}), ${isLeaf ? "page" : "next table"} ${hex(address)}`;
}

/** What the tables' entry at one place says, in words. */
export function meaning({ table, level, address, scalable }: EntryPlace, entry: bigint): string {
  switch (table) {
    case "root":
      return scalable ? rootMeaning(entry, address) : legacyRootMeaning(entry);
    case "context":
      return scalable ? contextMeaning(entry) : legacyContextMeaning(entry);
    case "PASID directory":
      return directoryMeaning(entry);
    case "PASID entry":
      return pasidMeaning(entry);
    case "extended root":
      return rootMeaning(entry, address);
    case "extended context":
      return extendedContextMeaning(entry);
    case "extended PASID entry":
      return extendedPasidMeaning(entry);
    case "first stage":
      return firstStageMeaning(level ?? 1, entry);
    case "second stage":
      return secondStageMeaning(level, entry);
  }
}

/** The same as a phrase that goes on from "it". */
export function verbPhrase(place: EntryPlace, entry: bigint): string {
  const text = meaning(place, entry);
  return /^(allows|maps)/.test(text) ? text : `says: ${text}`;
}

/** An entry as it is printed: where it is wider, words of 64 bits, the lowest first. */
export function entryText({ table, scalable }: EntryPlace, entry: bigint): string {
  const isWide =
    table === "PASID entry" || table === "extended context" || (scalable && table === "context");
  if (!isWide) return hex(entry);
  const words = [hex(BigInt.asUintN(64, entry))];
  for (let rest = entry >> 64n; rest > 0n; rest >>= 64n) words.push(hex(BigInt.asUintN(64, rest)));
  return words.join(" ");
}
