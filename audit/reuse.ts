import { hex, iovaOfPage, pageOf } from "../events/address.ts";
import { walkTables } from "../hypervisor/shadow/walk-second-stage.ts";
import { hostsWhere } from "../projections/host/host-entry.ts";
import type { Shadow } from "../projections/shadow/shadow.ts";
import { isWeb, shadowsOf } from "../projections/shadow/shadow.ts";
import { frameOf, hasFrame, ok, writeCode } from "../tables/mapping.ts";
import { get } from "../tables/page-tree.ts";
import type { Note } from "./finding.ts";
import { eventText } from "./harm.ts";
import type { Moment } from "./moment.ts";

/** Finds pages that are written for something new while a device still reaches them. */
export interface ReuseCheck {
  readonly follow: (moment: Moment) => void;
}

/** The IOVA page by which a shadow still maps a guest page that the tables have let go. */
function staleAt(moment: Moment, shadow: Shadow, gfn: number): number | undefined {
  const { before } = moment;
  if (shadow.pending.root === 0 || isWeb(shadow)) return undefined;
  const place = get(shadow.places, gfn);
  if (!hasFrame(place)) return undefined;
  const page = frameOf(place);
  if (get(shadow.pending, page) === 0) return undefined;
  if (!hasFrame(get(shadow.host, page))) return undefined;
  const now = walkTables(before, shadow.root, shadow.levels, page);
  return hasFrame(now) && frameOf(now) === gfn ? undefined : page;
}

/** Follows one guest. */
export function startReuse(note: Note): ReuseCheck {
  const known = new Set<string>();
  return {
    follow: (moment) => {
      const { step, before, index } = moment;
      const { input, seq } = step;
      if (input.type !== "MemoryWrite" || before.charts.translation !== "enabled") return;
      const gfn = pageOf(input.gpa);
      for (const shadow of shadowsOf(before)) {
        const page = staleAt(moment, shadow, gfn);
        if (page === undefined) continue;
        const since = Math.floor(get(shadow.pending, page) / 2);
        const key = `${shadow.id.toString()} ${page.toString()} ${since.toString()}`;
        if (known.has(key)) continue;
        known.add(key);
        const [device] = hostsWhere(before.hosts, (one) => one.shadow === shadow.id);
        const rights = writeCode(get(shadow.host, page)) === ok ? "write" : "read";
        const at = hex(iovaOfPage(page));
        const where = `${at} of domain ${shadow.did.toString()} (${rights})`;
        const reached = `guest page ${hex(iovaOfPage(gfn))} is still in reach at ${where}`;
        const unmapped = `unmapped at ${eventText(since)} without an invalidation`;
        note({
          rule: "page-reused-too-early",
          at: seq,
          guest: index,
          device: device?.source,
          domain: shadow.did,
          iova: { first: iovaOfPage(page), end: iovaOfPage(page + 1) },
          text: `${reached}, ${unmapped}, and is written for something else`,
          evidence: [
            { at: since, text: "the page is unmapped" },
            { at: seq, text: "the page is written" },
          ],
        });
      }
    },
  };
}
