import { pageOf } from "../events/address.ts";
import type { Told } from "../history/told.ts";
import { walkTables } from "../hypervisor/shadow/walk-second-stage.ts";
import { deviceAt } from "../projections/device/devices.ts";
import type { Guest } from "../projections/guest.ts";
import { hostAt } from "../projections/host/host-entry.ts";
import { hasFrame } from "../tables/mapping.ts";
import { get } from "../tables/page-tree.ts";
import type { Note } from "./finding.ts";
import type { Moment } from "./moment.ts";

/** Counts what is mapped or invalidated and need not be. */
export interface SpareCheck {
  readonly follow: (moment: Moment) => void;
  readonly told: (guest: Guest, told: Told) => void;
  readonly open: (guest: number, note: Note) => void;
}

/** Counts of one domain. */
interface Counts {
  /** Pages that were taken away, and those of them that nothing used. */
  removed: number;
  unused: number;
  /** Invalidations of a whole domain for few pages. */
  wide: number;
  /** The first event of each. */
  firstUnused: number;
  firstWide: number;
}

/** Pages up to which an invalidation of pages would have done. */
const few = 8;

/** Takes the pages of a range out of a set, and says how many there were. */
function takeFrom(pages: Set<number> | undefined, first: number, end: number): number {
  let taken = 0;
  if (pages === undefined) return 0;
  if (end - first > pages.size) {
    for (const page of pages) if (page >= first && page < end && pages.delete(page)) taken += 1;
  } else for (let page = first; page < end; page++) if (pages.delete(page)) taken += 1;
  return taken;
}

/** Follows one guest. */
export function startSpare(): SpareCheck {
  const used = new Map<number, Set<number>>();
  const domains = new Map<number, Counts>();
  const countsOf = (did: number): Counts => {
    const none = { removed: 0, unused: 0, wide: 0, firstUnused: 0, firstWide: 0 };
    const counts = domains.get(did) ?? none;
    domains.set(did, counts);
    return counts;
  };
  const removed = (guest: Guest, told: Told): void => {
    for (const { shadow, first, end } of told.announced) {
      if (!hasFrame(get(shadow.stage, first))) continue;
      if (hasFrame(walkTables(guest, shadow.root, shadow.levels, first))) continue;
      const touched = takeFrom(used.get(shadow.id), first, end);
      const counts = countsOf(shadow.did);
      counts.removed += end - first;
      counts.unused += end - first - touched;
      if (touched < end - first) counts.firstUnused ||= told.seq;
    }
  };
  return {
    follow: ({ before, step }) => {
      const { input, facts } = step;
      if (input.type !== "Dma" && input.type !== "DmaIssue") return;
      if (!facts.some(({ type }) => type === "DmaTranslated")) return;
      const requester = deviceAt(before, input.device)?.requester ?? input.device;
      const host = hostAt(before.hosts, requester, input.pasid);
      if (host?.state !== "shadowed" || host.shadow === undefined) return;
      const pages = used.get(host.shadow) ?? new Set();
      if (pages.size === 0) used.set(host.shadow, pages);
      pages.add(pageOf(input.iova));
    },
    told: (guest, told) => {
      const { fact, announced } = told;
      removed(guest, told);
      if (fact.type !== "IotlbInvalidated" || fact.scope === "page" || !guest.profile.psi) return;
      const pages = announced.reduce((sum, { first, end }) => sum + end - first, 0);
      const [one] = announced;
      if (one === undefined || pages > few) return;
      const counts = countsOf(one.shadow.did);
      counts.wide += 1;
      counts.firstWide ||= told.seq;
    },
    open: (guest, note) => {
      for (const [domain, counts] of domains) noteCounts(domain, counts, guest, note);
    },
  };
}

function noteCounts(domain: number, counts: Counts, guest: number, note: Note): void {
  const { removed, unused, wide, firstUnused, firstWide } = counts;
  const whose = `domain ${domain.toString()}`;
  if (unused > 0) {
    note({
      rule: "unused-mapping",
      at: firstUnused,
      guest,
      domain,
      text: `${unused.toString()} of ${removed.toString()} pages unmapped in ${whose} had no use`,
      evidence: [{ at: firstUnused, text: "the first of them is invalidated" }],
      count: unused,
    });
  }
  if (wide === 0) return;
  note({
    rule: "wide-invalidation",
    at: firstWide,
    guest,
    domain,
    text: `${wide.toString()} wide invalidations in ${whose} for ${few.toString()} pages or fewer`,
    evidence: [{ at: firstWide, text: "the first of them" }],
    count: wide,
  });
}
