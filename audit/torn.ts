import { formatSourceId, hex, pageOf } from "../events/address.ts";
import { contextPath } from "../projections/context/context-path.ts";
import type { Guest } from "../projections/guest.ts";
import { hostsWhere } from "../projections/host/host-entry.ts";
import { pointerIn } from "../projections/memory/table-use.ts";
import type { Page } from "../tables/memory.ts";
import { pageAt, wordIn } from "../tables/memory.ts";
import { radixGet } from "../tables/radix.ts";
import type { Note } from "./finding.ts";
import { eventText } from "./harm.ts";
import type { Moment } from "./moment.ts";

/** Finds entries that the unit may read half written, or before they are written at all. */
export interface TornCheck {
  readonly follow: (moment: Moment) => void;
  /** The unit was told of something: what was written before is whole, or was told so. */
  readonly told: () => void;
}

/** An entry of several words, and where it lies. */
interface Wide {
  readonly gfn: number;
  /** Numbers of its words in the page. */
  readonly first: number;
  readonly end: number;
  readonly what: string;
}

/** The first change of an entry that is present, since something was announced last. */
interface Begun {
  readonly seq: number;
  readonly words: ReadonlySet<number>;
}

/** The words of a page that differ between two versions, within some bytes. */
function changedWords(
  before: Page | undefined,
  after: Page | undefined,
  from: number,
  to: number,
): readonly number[] {
  const found: number[] = [];
  for (let word = from >> 3; word < (to + 7) >> 3; word++) {
    if (wordIn(before, word * 8) !== wordIn(after, word * 8)) found.push(word);
  }
  return found;
}

/** The root, context, PASID and interrupt entries that lie in a page. */
function entriesIn(guest: Guest, gfn: number, isContext: boolean): readonly Wide[] {
  const found = new Map<number, Wide>();
  for (const { source, pasid } of isContext ? hostsWhere(guest.hosts) : []) {
    for (const { page, offset, bytes } of contextPath(guest, source, pasid)) {
      if (page !== gfn) continue;
      const what = `an entry on the way of ${formatSourceId(source)}`;
      found.set(offset, { gfn, first: offset / 8, end: (offset + bytes) / 8, what });
    }
  }
  return [...found.values()];
}

/** The interrupt entries of some words of a page. */
function interruptEntries(guest: Guest, gfn: number, words: readonly number[]): readonly Wide[] {
  const { address, count } = guest.interruptTable;
  if (guest.charts.remapping !== "enabled") return [];
  const entries = new Map<number, Wide>();
  for (const word of words) {
    const index = Number(((BigInt(gfn) << 12n) + BigInt(word * 8) - address) / 16n);
    if (index < 0 || index >= count) continue;
    const first = word - (word % 2);
    entries.set(index, { gfn, first, end: first + 2, what: `interrupt entry ${index.toString()}` });
  }
  return [...entries.values()];
}

function noteTorn(guest: Guest, one: Wide, begun: Begun, seq: number, note: Note): void {
  const address = hex((BigInt(one.gfn) << 12n) + BigInt(one.first * 8));
  const parts = `at ${eventText(begun.seq)} and the rest at ${eventText(seq)}`;
  note({
    rule: "entry-torn",
    at: begun.seq,
    guest: guest.index,
    text: `${one.what}, at ${address}, was changed in part ${parts}, and was present in between`,
    evidence: [
      { at: begun.seq, text: "a part of the entry is written" },
      { at: seq, text: "another part is written" },
    ],
  });
}

/** A table that was linked, and by which event. */
type Links = Map<number, number>;

/** Notes the tables that changed words of an upper table name now and did not. */
function link(links: Links, moment: Moment, gfn: number, words: readonly number[]): void {
  const { before, after, step } = moment;
  if (!radixGet(before.tables, gfn)?.uses.some(({ level }) => level > 1)) return;
  const [was, is] = [pageAt(before.memory, gfn), pageAt(after.memory, gfn)];
  for (const word of words) {
    const table = pointerIn(is, word * 2);
    if (table >= 0 && table !== pointerIn(was, word * 2)) links.set(table, step.seq);
  }
}

/** Whether a word is an entry that allows something. */
const allows = (word: bigint): boolean => (word & 3n) !== 0n;

function noteLinked(moment: Moment, gfn: number, word: number, linked: number, note: Note): void {
  const { step, index } = moment;
  const table = hex(BigInt(gfn) << 12n);
  const how = `was linked at ${eventText(linked)} with an old entry in it`;
  note({
    rule: "linked-before-filled",
    at: linked,
    guest: index,
    text: `the table at ${table} ${how}, which was overwritten at ${eventText(step.seq)}`,
    evidence: [
      { at: linked, text: "the table is linked" },
      { at: step.seq, text: `its entry ${word.toString()} is overwritten` },
    ],
  });
}

/** Follows one guest. */
export function startTorn(note: Note): TornCheck {
  const begun = new Map<string, Begun>();
  const links: Links = new Map();
  const tear = (moment: Moment, one: Wide, words: readonly number[]): void => {
    const { before, after, step } = moment;
    const own = words.filter((word) => word >= one.first && word < one.end);
    const key = `${one.gfn.toString()} ${one.first.toString()}`;
    const is = wordIn(pageAt(after.memory, one.gfn), one.first * 8);
    if (own.length === 0) return;
    const first = begun.get(key);
    const isOther = first !== undefined && own.some((word) => !first.words.has(word));
    if (first !== undefined && isOther) noteTorn(before, one, first, step.seq, note);
    if ((is & 1n) === 0n) begun.delete(key);
    else if (first === undefined) begun.set(key, { seq: step.seq, words: new Set(own) });
  };
  const page = (moment: Moment, gfn: number, from: number, to: number): void => {
    const { before, after } = moment;
    const use = radixGet(before.tables, gfn);
    const words = changedWords(
      pageAt(before.memory, gfn),
      pageAt(after.memory, gfn),
      ...([from, to] as const),
    );
    const linked = links.get(gfn);
    for (const word of linked === undefined ? [] : words) {
      if (linked === undefined || !allows(wordIn(pageAt(before.memory, gfn), word * 8))) continue;
      noteLinked(moment, gfn, word, linked, note);
      links.delete(gfn);
      break;
    }
    if (use !== undefined) link(links, moment, gfn, words);
    const entries = use?.context === true ? entriesIn(before, gfn, true) : [];
    for (const one of [...entries, ...interruptEntries(before, gfn, words)]) {
      tear(moment, one, words);
    }
  };
  return {
    told: () => {
      begun.clear();
      links.clear();
    },
    follow: (moment) => {
      const { input } = moment.step;
      if (input.type !== "MemoryWrite" && input.type !== "CacheFlush") return;
      const length = input.type === "MemoryWrite" ? input.bytes.length : Number(input.length);
      const gfn = pageOf(input.gpa);
      const isOfTable =
        links.size > 0 ||
        moment.before.charts.remapping === "enabled" ||
        radixGet(moment.before.tables, gfn) !== undefined;
      if (!isOfTable) return;
      const offset = Number(input.gpa & 0xfffn);
      page(moment, gfn, offset, Math.min(4096, offset + length));
    },
  };
}
