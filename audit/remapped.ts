import type { Range } from "../events/address.ts";
import { hex, iovaOfPage, pageOf } from "../events/address.ts";
import type { Guest } from "../projections/guest.ts";
import { pointerIn } from "../projections/memory/table-use.ts";
import type { Shadow } from "../projections/shadow/shadow.ts";
import { shadowAt } from "../projections/shadow/shadow.ts";
import { frameOf, hasFrame } from "../tables/mapping.ts";
import { half, pageAt } from "../tables/memory.ts";
import { get } from "../tables/page-tree.ts";
import { radixGet } from "../tables/radix.ts";
import { missedBy } from "./cause.ts";
import type { Found, Note } from "./finding.ts";
import { eventText } from "./harm.ts";
import type { Moment } from "./moment.ts";
import type { ToldRecord } from "./record.ts";
import { toldBetween } from "./record.ts";

/** Pages that were unmapped, and mapped again before that was announced. */
interface Remapped extends Range {
  readonly shadow: Shadow;
  readonly since: number;
  readonly seq: number;
}

/** Finds IOVAs that are used again too early. */
export interface RemappedCheck {
  readonly follow: (moment: Moment) => void;
  readonly open: (guest: number, note: Note) => void;
}

/** Changes that are told at most. */
const most = 256;

const allows = (low: number): boolean => (low & 3) !== 0;

/** Whether an entry of level 1 that allowed nothing names a page that the shadow has not. */
function isRemapped(
  { before, after }: Moment,
  shadow: Shadow,
  gfn: number,
  word: number,
  page: number,
) {
  const [was, is] = [pageAt(before.memory, gfn), pageAt(after.memory, gfn)];
  if (allows(half(was, word * 2)) || !allows(half(is, word * 2))) return false;
  const known = get(shadow.stage, page);
  return hasFrame(known) && frameOf(known) !== pointerIn(is, word * 2);
}

function remappedIn(moment: Moment, gfn: number, first: number, end: number): readonly Remapped[] {
  const { before, step } = moment;
  const found: Remapped[] = [];
  for (const { shadow: id, level, base } of radixGet(before.tables, gfn)?.uses ?? []) {
    const shadow = level === 1 ? shadowAt(before, id) : undefined;
    if (shadow === undefined || shadow.pending.root === 0) continue;
    for (let word = first; word < end; word++) {
      const page = base + word;
      const since = Math.floor(get(shadow.pending, page) / 2);
      if (since === 0 || !isRemapped(moment, shadow, gfn, word, page)) continue;
      const last = found.at(-1);
      if (last?.shadow === shadow && last.since === since && last.end === page) {
        found[found.length - 1] = { ...last, end: page + 1 };
      } else found.push({ shadow, since, seq: step.seq, first: page, end: page + 1 });
    }
  }
  return found;
}

function remappedFound(one: Remapped, guest: Guest["index"], record: ToldRecord): Found {
  const { shadow, since, seq, first, end } = one;
  const { did } = shadow;
  const changed = { table: "second stage", did, page: end - 1 } as const;
  const missed = missedBy(toldBetween(record, since, seq), changed, { first, end }, since);
  const range = { first: iovaOfPage(first), end: iovaOfPage(end) };
  const where = `${hex(range.first)} to ${hex(range.end - 1n)} in domain ${did.toString()}`;
  const text = `${where} was unmapped at ${eventText(since)} and mapped again at ${eventText(seq)}`;
  return {
    rule: missed?.rule ?? "iova-reused-too-early",
    at: missed?.miss.seq ?? seq,
    guest,
    domain: did,
    iova: range,
    text: `${text}; ${missed?.miss.text ?? "nothing announced the unmapping in between"}`,
    evidence: [
      { at: since, text: "the pages are unmapped" },
      ...(missed === undefined ? [] : [{ at: missed.miss.seq, text: missed.miss.text }]),
      { at: seq, text: "they are mapped again" },
    ],
  };
}

/** Follows one guest; `isUsed` says whether requests show what became of an event's change. */
export function startRemapped(
  record: ToldRecord,
  isUsed: (since: number) => boolean,
): RemappedCheck {
  const found: Remapped[] = [];
  return {
    follow: (moment) => {
      const { input } = moment.step;
      if (input.type !== "MemoryWrite" || found.length >= most) return;
      const first = Number(input.gpa & 0xfffn) >> 3;
      const end = Math.min(512, first + Math.ceil(input.bytes.length / 8));
      found.push(...remappedIn(moment, pageOf(input.gpa), first, end));
    },
    open: (guest, note) => {
      for (const one of found) if (!isUsed(one.since)) note(remappedFound(one, guest, record));
    },
  };
}
