import { hex } from "../../events/address.ts";
import { ContextEntry } from "../../events/context/context-entry.ts";
import { PasidDirectoryEntry, PasidEntry, pasidTypes } from "../../events/context/pasid-entry.ts";
import { RootEntry } from "../../events/context/root-entry.ts";
import { ScalableContextEntry } from "../../events/context/scalable-context-entry.ts";
import { ScalableRootEntry } from "../../events/context/scalable-root-entry.ts";
import { FirstStageEntry } from "../../events/first-stage/first-stage-entry.ts";
import type { AnyLayout } from "../../events/layout/layout.ts";
import { bitMask } from "../../events/layout/layout-field.ts";
import { SecondStageEntry } from "../../events/shadow/second-stage-entry.ts";
import type { Dump } from "../dump.ts";
import type { ShownField } from "./field-text.ts";
import { fieldsOf } from "./field-text.ts";

/** An entry of a table, taken apart. */
export interface ShownEntry {
  readonly table: string;
  readonly value: string;
  readonly fields: readonly ShownField[];
  /** Something about the entry as a whole. */
  readonly note?: string;
}

type Words = readonly (bigint | undefined)[];

/** Fields of a PASID entry that its type does not use. */
const unused: Readonly<Record<number, readonly string[]>> = {
  [pasidTypes.firstStage]: ["AW", "SSPTPTR"],
  [pasidTypes.secondStage]: ["FSPM", "FSPTPTR"],
  [pasidTypes.passThrough]: ["FSPM", "FSPTPTR", "SSPTPTR"],
};

/** A PASID entry, without what its type does not use. */
function pasidEntry(words: Words): ShownEntry {
  const shown = entry("PASID entry", PasidEntry, words);
  const { pgtt } = PasidEntry.decode(words[0] ?? 0n);
  const fields = shown.fields.filter(({ name }) => !unused[pgtt]?.includes(name));
  return { ...shown, fields };
}

/** Words as they are printed, the highest first. */
const wordsText = (words: Words): string =>
  words
    .toReversed()
    .map((word) => (word === undefined ? "?" : hex(word)))
    .join(" ");

function entry(table: string, layout: AnyLayout, words: Words): ShownEntry {
  const value = words.reduce<bigint>(
    (sum, word, at) => sum | ((word ?? 0n) << BigInt(64 * at)),
    0n,
  );
  const shown = words.reduce<bigint>(
    (mask, word, at) => (word === undefined ? mask : mask | bitMask(64 * at + 63, 64 * at)),
    0n,
  );
  return { table, value: wordsText(words), fields: fieldsOf(layout, value, shown) };
}

/** Without the words above the last one that says something. */
function shortened(words: Words): Words {
  const last = words.findLastIndex((word) => word !== 0n);
  return words.slice(0, Math.max(last + 1, 1));
}

/** Whether the pages of a dump are first-stage entries. */
const isFirstStage = ({ pasid }: Dump): boolean => {
  const first = pasid?.[0];
  return first !== undefined && PasidEntry.decode(first).pgtt === 1;
};

/** The entries of a dump, each taken apart. */
export function dumpEntries(dump: Dump): readonly ShownEntry[] {
  const { root, context, directory, pasid, pages, scalable = false } = dump;
  const pageLayout = isFirstStage(dump) ? FirstStageEntry : SecondStageEntry;
  const isEmpty = (context?.[0] ?? 1n) === 0n || pasid?.[0] === 0n;
  const stray = isEmpty && pages.length > 0;
  const note = stray
    ? { note: "no entry of the device's: there is no table, and the kernel read from address 0" }
    : {};
  return [
    ...(root === undefined
      ? []
      : [entry("root entry", scalable ? ScalableRootEntry : RootEntry, root)]),
    ...(context === undefined
      ? []
      : [entry("context entry", scalable ? ScalableContextEntry : ContextEntry, context)]),
    ...(directory === undefined
      ? []
      : [entry("PASID directory entry", PasidDirectoryEntry, [directory])]),
    ...(pasid === undefined ? [] : [pasidEntry(shortened(pasid))]),
    ...pages.map(({ level, index, entry: word }) => {
      const at = index === undefined ? "" : `, index ${hex(index)}`;
      return { ...entry(`level ${level} entry${at}`, pageLayout, [word]), ...note };
    }),
  ];
}
