import { hex, iovaOfPage } from "../events/address.ts";
import { coverText } from "../history/near-miss.ts";
import type { Announced, Told } from "../history/told.ts";
import type { Note } from "./finding.ts";
import { eventText } from "./harm.ts";
import type { ToldRecord } from "./record.ts";
import { between, hasGoneOn } from "./record.ts";

/** An invalidation of leaves alone, and the change of an upper entry that it left. */
interface Left {
  readonly told: Told;
  readonly change: Announced;
}

/** Finds changes of upper entries that are announced as ones of leaves. */
export interface UpperEntries {
  readonly told: (told: Told) => void;
  readonly open: (guest: number, now: number, note: Note) => void;
}

function noteLeft({ told, change }: Left, guest: number, note: Note): void {
  const { shadow, since, first, end } = change;
  const { did } = shadow;
  const range = { first: iovaOfPage(first), end: iovaOfPage(end) };
  const where = `${hex(range.first)} to ${hex(range.end - 1n)} in domain ${did.toString()}`;
  const at = `the invalidation at ${eventText(told.seq)}`;
  const by = `${at} covers ${coverText(told.fact)}, leaves alone`;
  note({
    rule: "upper-entry-left",
    at: told.seq,
    guest,
    domain: did,
    iova: range,
    text: `an upper entry of ${where} was changed at ${eventText(since)}; ${by}`,
    evidence: [
      { at: since, text: "the upper entry is changed" },
      { at: told.seq, text: "an invalidation of leaves alone covers it" },
    ],
  });
}

/** Follows one guest. */
export function startUpperEntries(record: ToldRecord): UpperEntries {
  const open = new Map<string, Left>();
  const late: Left[] = [];
  const keyOf = ({ shadow, since }: Announced): string => `${shadow.id} ${since}`;
  return {
    told: (told) => {
      for (const change of told.announced) {
        const known = open.get(keyOf(change));
        open.delete(keyOf(change));
        // What is told in full before anybody waits is told in time.
        if (known === undefined || between(record.waits, known.told.seq, told.seq) === 0) continue;
        late.push(known);
      }
      for (const change of told.left) {
        if (!open.has(keyOf(change))) open.set(keyOf(change), { told, change });
      }
    },
    open: (guest, now, note) => {
      for (const one of late) noteLeft(one, guest, note);
      for (const one of open.values()) {
        if (hasGoneOn(record, one.told.seq, now)) noteLeft(one, guest, note);
      }
    },
  };
}
