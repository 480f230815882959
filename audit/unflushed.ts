import { formatSourceId, hex, isWithin, overlaps } from "../events/address.ts";
import { coverText } from "../history/near-miss.ts";
import type { Told } from "../history/told.ts";
import { pagesTold } from "../history/told.ts";
import { contextPath } from "../projections/context/context-path.ts";
import type { Guest } from "../projections/guest.ts";
import { hostsWhere } from "../projections/host/host-entry.ts";
import { interruptEntryAddress } from "../projections/interrupt/interrupt-entry.ts";
import { coveredRange, coversContext, coversPasid } from "../projections/queue/evolve-queue.ts";
import { shadowAt } from "../projections/shadow/shadow.ts";
import { pagesOfSize } from "../tables/mapping.ts";
import { pageAsWritten, pageAt, wordIn } from "../tables/memory.ts";
import { radixForEach, radixGet } from "../tables/radix.ts";
import type { Note } from "./finding.ts";
import { eventText } from "./harm.ts";
import type { Writers } from "./writers.ts";

/** An entry that software wrote and did not write back. */
interface Late {
  /** GPA in bytes of the word. */
  readonly address: bigint;
  /** What the entry is, in words. */
  readonly what: string;
  readonly did?: number;
}

/** Finds entries that were announced and that the unit cannot see. */
export interface UnflushedCheck {
  readonly told: (guest: Guest, told: Told) => void;
}

/** Words of a page whose newest value is still in the CPU's caches. */
function lateWords(guest: Guest, gfn: number): readonly number[] {
  const [written, seen] = [pageAsWritten(guest.memory, gfn), pageAt(guest.memory, gfn)];
  const found: number[] = [];
  for (let word = 0; word < 512; word++) {
    if (wordIn(written, word * 8) !== wordIn(seen, word * 8)) found.push(word);
  }
  return found;
}

/** Late words by page, as long as what waits in the page is the same. */
function startWords() {
  const known = new WeakMap<object, readonly number[]>();
  return (guest: Guest, gfn: number): readonly number[] => {
    const newer = radixGet(guest.memory.ahead, gfn);
    if (newer === undefined) return [];
    const words = known.get(newer) ?? lateWords(guest, gfn);
    known.set(newer, words);
    return words;
  };
}

type Words = ReturnType<typeof startWords>;

const wordAt = (gfn: number, word: number): bigint => (BigInt(gfn) << 12n) + BigInt(word * 8);

/** Late entries of second-stage tables that an invalidation announces. */
function lateTables(guest: Guest, { fact }: Told, words: Words): readonly Late[] {
  if (fact.type !== "IotlbInvalidated") return [];
  const found: Late[] = [];
  radixForEach(guest.memory.ahead, 0, Number.MAX_SAFE_INTEGER, (gfn) => {
    for (const { shadow: id, level, base } of radixGet(guest.tables, gfn)?.uses ?? []) {
      const shadow = shadowAt(guest, id);
      const covered = shadow && coveredRange(fact, shadow.did);
      if (shadow === undefined || covered === undefined) continue;
      const span = pagesOfSize[level - 1] as number;
      for (const word of words(guest, gfn)) {
        const first = base + word * span;
        if (!overlaps(covered, { first, end: first + span })) continue;
        const what = `the level ${level.toString()} entry of ${hex(BigInt(first) << 12n)}`;
        found.push({ address: wordAt(gfn, word), what, did: shadow.did });
      }
    }
  });
  return found;
}

/** Late root, context and PASID entries that an invalidation announces. */
function lateEntries(guest: Guest, { fact }: Told, words: Words): readonly Late[] {
  if (fact.type !== "ContextInvalidated" && fact.type !== "PasidCacheInvalidated") return [];
  const { ecs } = guest.profile;
  const hosts = hostsWhere(guest.hosts, (one) =>
    fact.type === "ContextInvalidated"
      ? coversContext(fact, one, ecs)
      : coversPasid(fact, one, ecs),
  );
  return hosts.flatMap(({ source, pasid }) =>
    contextPath(guest, source, pasid).flatMap(({ page, offset, bytes }) => {
      const end = (offset + bytes) / 8;
      const late = words(guest, page).filter((word) => isWithin(word, { first: offset / 8, end }));
      const what = `an entry on the way of ${formatSourceId(source)}`;
      return late.map((word) => ({ address: wordAt(page, word), what }));
    }),
  );
}

/** Late interrupt entries that an invalidation announces. */
function lateInterrupts(guest: Guest, { fact }: Told, words: Words): readonly Late[] {
  if (fact.type !== "InterruptEntriesInvalidated") return [];
  const { interruptTable } = guest;
  const { first = 0, count = first === 0 ? interruptTable.count : 1 } = fact;
  const found: Late[] = [];
  radixForEach(guest.memory.ahead, 0, Number.MAX_SAFE_INTEGER, (gfn) => {
    for (const word of words(guest, gfn)) {
      const address = wordAt(gfn, word);
      const index = Number((address - interruptEntryAddress(interruptTable, 0)) / 16n);
      if (address < interruptTable.address || index >= interruptTable.count) continue;
      if (!isWithin(index, { first, end: first + count })) continue;
      found.push({ address, what: `interrupt entry ${index.toString()}` });
    }
  });
  return found;
}

/** Follows one guest. */
export function startUnflushed(writers: Writers, note: Note): UnflushedCheck {
  const words = startWords();
  const known = new Set<string>();
  return {
    told: (guest, told) => {
      if (guest.memory.ahead.size === 0) return;
      const found = [lateTables, lateEntries, lateInterrupts].flatMap((look) =>
        look(guest, told, words),
      );
      for (const { address, what, did } of found) {
        const wrote = writers.last(address, 1);
        const key = `${address.toString()} ${wrote.toString()}`;
        if (known.has(key)) continue;
        known.add(key);
        const { fact, seq } = told;
        const by = `the invalidation at ${eventText(seq)} covers ${coverText(fact)}`;
        const iova = pagesTold(fact);
        const isPaged = fact.type === "IotlbInvalidated" && fact.iova !== undefined;
        const written = `${what}, at ${hex(address)}, was written at ${eventText(wrote)}`;
        const late = `${written} and is still in the CPU's cache`;
        note({
          rule: "not-written-back",
          at: wrote === 0 ? seq : wrote,
          guest: guest.index,
          domain: did,
          ...(isPaged
            ? { iova: { first: BigInt(iova.first) << 12n, end: BigInt(iova.end) << 12n } }
            : {}),
          text: `${late}; ${by}, so the unit reads what was there before`,
          evidence: [
            { at: wrote, text: `${what} is written` },
            { at: seq, text: "the invalidation that announces it" },
          ],
        });
      }
    },
  };
}
