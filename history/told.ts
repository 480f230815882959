import type { Range } from "../events/address.ts";
import { everyPage, overlaps, pagesFrom } from "../events/address.ts";
import type { Fact, OneFactOf } from "../events/fact.ts";
import type { Guest } from "../projections/guest.ts";
import { hostsWhere } from "../projections/host/host-entry.ts";
import { coveredRange, coversContext, coversPasid } from "../projections/queue/evolve-queue.ts";
import type { Shadow } from "../projections/shadow/shadow.ts";
import { shadowsOf } from "../projections/shadow/shadow.ts";
import type { PageTree } from "../tables/page-tree.ts";
import { capacity, change } from "../tables/page-tree.ts";
import { forEachSlot } from "../tables/page-tree-range.ts";
import type { Step } from "./step.ts";

/** A fact that the unit forgot something that software asked it to forget. */
export type Forgetting = OneFactOf<
  | ("ContextInvalidated" | "IotlbInvalidated" | "PasidCacheInvalidated" | "PasidIotlbInvalidated")
  | ("InterruptEntriesInvalidated" | "DeviceTlbInvalidated")
>;

const types: ReadonlySet<string> = new Set([
  "ContextInvalidated",
  "IotlbInvalidated",
  "PasidCacheInvalidated",
  "PasidIotlbInvalidated",
  "InterruptEntriesInvalidated",
  "DeviceTlbInvalidated",
] satisfies readonly Forgetting["type"][]);

/** Whether a fact says that something was forgotten. */
export const isForgetting = (fact: Fact): fact is Forgetting => types.has(fact.type);

/** Pages of which a change was announced, and by which event it had been made. */
export interface AnnouncedPages extends Range {
  readonly since: number;
}

/** The same with the shadow that they are of, as it was before. */
export interface Announced extends AnnouncedPages {
  readonly shadow: Shadow;
}

/** An invalidation that was executed, and what it announced. */
export interface ToldBefore {
  /** Number of the fact. */
  readonly seq: number;
  readonly fact: Forgetting;
  /** Changes of second stages that nothing had announced before. */
  readonly announced: readonly AnnouncedPages[];
  /** Events that had changed entries of devices or PASIDs that it announced. */
  readonly entries: readonly number[];
}

/** The same with the shadows of that time, for who looks at them at once. */
export interface Told extends ToldBefore {
  readonly announced: readonly Announced[];
  /** Changes of upper entries that it covers and, as one of leaves alone, does not announce. */
  readonly left: readonly Announced[];
}

/** What is worth keeping: a shadow would hold all that was in it. */
export const withoutShadows = ({ seq, fact, announced, entries }: Told): ToldBefore => ({
  seq,
  fact,
  announced: announced.map(({ since, first, end }) => ({ since, first, end })),
  entries,
});

/** Runs of one invalidation that are told apart at most. */
const most = 1024;

/** The changes of one shadow in a range that are open, or those of upper entries alone. */
function openIn(
  shadow: Shadow,
  pending: PageTree,
  { first, end }: Range,
  isMeant: (mark: number) => boolean,
): readonly Announced[] {
  const found: Announced[] = [];
  forEachSlot(pending, first, Math.min(end, capacity(pending)), (page, count, mark) => {
    if (mark === 0 || !isMeant(mark) || found.length >= most) return;
    const since = Math.floor(mark / 2);
    const last = found.at(-1);
    if (last?.end === page && last.since === since) {
      found[found.length - 1] = { ...last, end: page + count };
    } else found.push({ shadow, since, first: page, end: page + count });
  });
  return found;
}

/** Events whose changes of root, context and PASID entries an invalidation announces. */
function entriesTold(guest: Guest, fact: Forgetting): readonly number[] {
  const { ecs } = guest.profile;
  if (fact.type === "ContextInvalidated") {
    const hosts = hostsWhere(
      guest.hosts,
      (one) => one.pending !== 0 && coversContext(fact, one, ecs),
    );
    return hosts.map(({ pending }) => pending);
  }
  if (fact.type !== "PasidCacheInvalidated") return [];
  const covered = hostsWhere(
    guest.hosts,
    (one) => one.pasidPending !== 0 && coversPasid(fact, one, ecs),
  );
  return covered.map(({ pasidPending }) => pasidPending);
}

/** The invalidations of a step, in order, with what each of them announced. */
export function toldIn(step: Step, before: Guest): readonly Told[] {
  let told: Told[] | undefined;
  const open = new Map<Shadow, PageTree>();
  for (const [place, fact] of step.facts.entries()) {
    if (!isForgetting(fact)) continue;
    const announced: Announced[] = [];
    const left: Announced[] = [];
    if (fact.type === "IotlbInvalidated") {
      const leafOnly = fact.leafOnly === true;
      for (const shadow of shadowsOf(before)) {
        const pending = open.get(shadow) ?? shadow.pending;
        const covered = coveredRange(fact, shadow.did);
        if (covered === undefined || pending.root === 0) continue;
        const isUpper = (mark: number): boolean => mark % 2 === 1;
        const isTold = (mark: number): boolean => !leafOnly || !isUpper(mark);
        announced.push(...openIn(shadow, pending, covered, isTold));
        if (leafOnly) left.push(...openIn(shadow, pending, covered, isUpper));
        const clear = (old: number): number => (leafOnly && old % 2 === 1 ? old : 0);
        open.set(shadow, change(pending, covered.first, covered.end, clear));
      }
    }
    told ??= [];
    const entries = entriesTold(before, fact);
    told.push({ seq: step.seq + 1 + place, fact, announced, left, entries });
  }
  return told ?? [];
}

/** The IOVA pages that an invalidation names. */
export function pagesTold(fact: Forgetting): Range {
  if (!("iova" in fact) || fact.iova === undefined) return everyPage;
  return pagesFrom(fact.iova, fact.length ?? 0n);
}

/** Whether an invalidation announced a change by an event, or of pages beside a range. */
export const toldBeside = (
  { announced }: ToldBefore,
  since: number,
  { first, end }: Range,
): boolean =>
  announced.some((one) => one.since === since || overlaps(one, { first: first - 1, end: end + 1 }));
