import { decimal, hexNumber } from "../number-text.ts";
import type { DumpEnded } from "../observation.ts";
import type { Recogniser } from "../recogniser.ts";
import { firstOf } from "../recogniser.ts";

const began: Recogniser = (words) => {
  const [, unit = "", at] = /Dump (\S+) table entries for IOVA (0x[0-9a-f]+)/.exec(words) ?? [];
  const iova = hexNumber(at);
  return iova === undefined ? undefined : { kind: "dumpBegan", from: "Linux", unit, iova };
};

const twoWords = /(scalable mode root|context) entry: hi (0x[0-9a-f]+), low (0x[0-9a-f]+)/;
const oneWord = /(?:^|[^e] |DMAR: )(root entry|pasid dir entry): (0x[0-9a-f]+)/;
const pasidWord = /pasid table entry\[([0-7])\]: (0x[0-9a-f]+)/;
const pageEntry = /pte level: ([1-6]), pte value: (0x[0-9a-f]+)/;

const wide: Recogniser = (words) => {
  const [, table, high, low] = twoWords.exec(words) ?? [];
  const [hi, lo] = [hexNumber(high), hexNumber(low)];
  if (hi === undefined || lo === undefined) return undefined;
  if (table === "context") return { kind: "entry", table: "context", words: [lo, hi] };
  return { kind: "entry", table: "root", words: [lo, hi], scalable: true };
};

const narrow: Recogniser = (words) => {
  const [, table, digits] = oneWord.exec(words) ?? [];
  const word = hexNumber(digits);
  if (word === undefined) return undefined;
  return table === "root entry"
    ? { kind: "entry", table: "root", words: [word], scalable: false }
    : { kind: "entry", table: "PASID directory", words: [word] };
};

const ofPasid: Recogniser = (words) => {
  const [, index, digits] = pasidWord.exec(words) ?? [];
  const word = hexNumber(digits);
  if (word === undefined) return undefined;
  return { kind: "entry", table: "PASID entry", words: [word], at: Number(index) };
};

const ofPage: Recogniser = (words) => {
  const [, level, digits] = pageEntry.exec(words) ?? [];
  const word = hexNumber(digits);
  if (word === undefined) return undefined;
  return { kind: "entry", table: "page", words: [word], level: Number(level) };
};

/** How dumps end, by their words. The older of two wordings spoke of entries, not of tables. */
const ends: readonly (readonly [RegExp, DumpEnded["why"]])[] = [
  [/root table (?:entry )?is not present/, "noRootTable"],
  [/context table (?:entry )?is not present/, "noContextTable"],
  [/pasid directory (?:entry|table) is not present/, "noDirectory"],
  [/pasid table (?:entry )?is not present/, "noPasidTable"],
  [/(?:legacy|scalable) mode page table is not present/, "noPageTable"],
];

const ended: Recogniser = (words) => {
  const why = ends.find(([form]) => form.test(words))?.[1];
  if (why !== undefined) return { kind: "dumpEnded", why };
  const shown = decimal(/page table not present at level (\d)/.exec(words)?.[1]);
  if (shown !== undefined) return { kind: "dumpEnded", why: "entryNotPresent", level: shown + 1 };
  // Before 6.13 the entry was not printed, and an entry of a superpage was told as this one.
  const level = decimal(/PTE not present at level (\d)/.exec(words)?.[1]);
  return level === undefined ? undefined : { kind: "dumpEnded", why: "entryNotShown", level };
};

/** The dump of the tables that Linux prints behind a fault, where CONFIG_DMAR_DEBUG is set. */
export const readLinuxDump: Recogniser = firstOf([began, wide, narrow, ofPasid, ofPage, ended]);
