import { formatSourceId, hex, pageOf } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import type { Space } from "../../projections/first-stage/space.ts";
import { indexIn } from "../../projections/first-stage/space.ts";
import type { Guest } from "../../projections/guest.ts";
import { hostAt } from "../../projections/host/host-entry.ts";
import { shadowAt } from "../../projections/shadow/shadow.ts";
import { get } from "../../tables/page-tree.ts";
import { radixGet } from "../../tables/radix.ts";
import type { HostCaches } from "../oracle/host-caches.ts";
import { forget, heldBy, spanOf, tableLevels } from "../oracle/host-caches.ts";
import { keyOf } from "../oracle/host-kernel.ts";
import { reach } from "../oracle/host-reach.ts";
import type { HostStep } from "./host-calls.ts";
import { isMessage } from "./host-refusals.ts";
import type { HostBook, Wanted } from "./host-wanted.ts";
import { hardwareOf, mayReachLess } from "./host-wanted.ts";
import type { Count } from "./law.ts";

type Translated = FactOf<"DmaTranslated">;

/** Whether a first stage still has some translation of a page. */
const hasPage = (stage: Space, page: number): boolean =>
  stage.iotlb.some((tree) => get(tree, indexIn(stage.levels, page)) !== 0);

/** Whether a first stage still has the table of a level on the way to some pages. */
function hasTable({ tables, levels }: Space, level: number, prefix: number): boolean {
  const span = spanOf(level);
  const known = Math.floor(indexIn(levels, prefix * span) / span);
  const cached = tables[level];
  return cached !== undefined && radixGet(cached, known) !== undefined;
}

/** Whether something of a page's translation was cached already before a step. */
function wasCached(guest: Guest, { entry }: Wanted, page: number): boolean {
  const stage = guest.spaces[entry.space ?? 0];
  if (entry.space !== undefined && stage !== undefined) {
    const isOnTheWay = (level: number): boolean =>
      hasTable(stage, level, Math.floor(page / spanOf(level)));
    return hasPage(stage, page) || tableLevels.some(isOnTheWay);
  }
  const tree = shadowAt(guest, entry.shadow)?.iotlb ?? guest.passThroughCache;
  return get(tree, page) !== 0;
}

/** Why a DMA did not land where the host would have led it, or nothing. */
function landedElsewhere(hostStep: HostStep, wanted: Wanted, fact: Translated, count: Count) {
  const { step, index, after: kernel } = hostStep;
  // What lands may be written over the tables that led there.
  const hardware = hardwareOf(step.before, index);
  const before = step.before.guests[index];
  if (hardware === undefined || before === undefined) return undefined;
  const { source, pasid } = wanted.entry;
  const privileged = wanted.entry.privileged || fact.privileged === true;
  const [page, write] = [pageOf(fact.iova), fact.access === "write"];
  if (isMessage(page, pasid)) return undefined;
  const request = { source, pasid, page, write, privileged, execute: fact.execute === true };
  const found = reach(kernel, hardware, request);
  if (found === pageOf(fact.hpa ?? 0n)) count("landed");
  if (found === pageOf(fact.hpa ?? 0n)) return undefined;
  if (found === undefined && mayReachLess(before, wanted)) return undefined;
  if (wasCached(before, wanted, page)) return undefined;
  const where = found === undefined ? "nowhere" : hex(BigInt(found) << 12n);
  const whose = `${formatSourceId(source)} at ${hex(fact.iova)}`;
  return `${whose} landed at ${hex(fact.hpa ?? 0n)}, not ${where}`;
}

/** What a requester's hardware holds of a first stage that the model has dropped, or nothing. */
function heldTooLong(caches: HostCaches, guest: Guest, { key, entry }: Wanted) {
  const stage = guest.spaces[entry.space ?? 0];
  const held = caches.get(key);
  if (entry.state !== "nested" || stage === undefined || held === undefined) return undefined;
  const who = `${formatSourceId(entry.source)} holds`;
  for (const page of held.pages) {
    if (!hasPage(stage, page)) return `${who} a translation of ${hex(BigInt(page) << 12n)}`;
  }
  for (const [level, prefixes] of held.tables) {
    for (const prefix of prefixes) {
      if (hasTable(stage, level, prefix)) continue;
      const from = BigInt(prefix) * BigInt(spanOf(level));
      return `${who} a table of level ${level} for ${hex(from << 12n)}`;
    }
  }
  return undefined;
}

/**
 * Inputs with which the model drops more than hardware must: for a page request that is queued, and
 * for guest pages that no device may reach anyway. No software asked for that.
 */
const drops: ReadonlySet<string> = new Set(["PageRequest", "P2mMap", "P2mUnmap", "P2mProtect"]);

/** Forgets what the model has dropped. */
function dropToo(caches: HostCaches, guest: Guest, { key, entry }: Wanted): void {
  const stage = guest.spaces[entry.space ?? 0];
  const held = caches.get(key);
  if (stage === undefined || held === undefined) return;
  for (const page of held.pages) if (!hasPage(stage, page)) held.pages.delete(page);
  for (const [level, prefixes] of held.tables) {
    for (const prefix of prefixes) if (!hasTable(stage, level, prefix)) prefixes.delete(prefix);
  }
}

/** The requester's entry that a fact's request met. */
function requesterOf(
  { step, index }: HostStep,
  book: HostBook,
  { device, pasid }: { readonly device: number; readonly pasid?: number | undefined },
): number | undefined {
  const given = book.devices[index]?.get(device);
  const guest = step.after.guests[index];
  if (given?.physical !== true || guest === undefined) return undefined;
  const used = guest.charts.translation === "enabled" ? pasid : undefined;
  const entry = hostAt(guest.hosts, given.requester, used);
  return entry && keyOf(entry);
}

const isOfGuest = (fact: { readonly guest?: number }, index: number): boolean =>
  (fact.guest ?? 0) === index;

/** What hardware came to hold in a step. */
function hold(caches: HostCaches, hostStep: HostStep, book: HostBook): void {
  const { input, facts } = hostStep.step;
  for (const fact of facts) {
    if (!isOfGuest(fact, hostStep.index)) continue;
    if (fact.type === "DmaTranslated" && fact.translated !== true) {
      const key = requesterOf(hostStep, book, fact);
      if (key !== undefined) heldBy(caches, key).pages.add(pageOf(fact.iova));
    }
    const isWalk = input.type === "Dma" || input.type === "DmaIssue";
    if (fact.type !== "FirstStageTablesCached" || !isWalk) continue;
    const key = requesterOf(hostStep, book, input);
    if (key === undefined) continue;
    for (const below of fact.tables.keys()) {
      const level = fact.level - below;
      const prefix = Math.floor(pageOf(fact.iova) / spanOf(level));
      if (level > 0) heldBy(caches, key).tables.get(level)?.add(prefix);
    }
  }
}

/**
 * Keeps what hardware may hold of first stages by what it did, and forgets what calls name.
 *
 * @returns what looks at one step after the other: why hardware holds what the model dropped, or a
 *   DMA landed elsewhere; or nothing.
 */
export function watchCaches(book: HostBook, guests: number, count: Count) {
  const caches = Array.from({ length: guests }, (): HostCaches => new Map());
  return (hostStep: HostStep, wantedIn: () => ReadonlyMap<number, Wanted>): string | undefined => {
    const { step, index, calls, before, kernels } = hostStep;
    const own = caches[index];
    const guest = step.after.guests[index];
    if (own === undefined || guest === undefined) return undefined;
    for (const [at, call] of calls.entries()) forget(own, kernels[at - 1] ?? before, call);
    if (calls.some(({ call }) => call === "invalidateTable")) count("forgotten");
    for (const fact of step.facts) {
      if (fact.type !== "DmaTranslated" || fact.translated === true) continue;
      if (!isOfGuest(fact, index)) continue;
      const key = requesterOf(hostStep, book, fact);
      const wanted = key === undefined ? undefined : wantedIn().get(key);
      const text = wanted && landedElsewhere(hostStep, wanted, fact, count);
      if (text !== undefined) return text;
    }
    hold(own, hostStep, book);
    if (own.size === 0 || step.before.guests[index]?.spaces === guest.spaces) return undefined;
    for (const key of own.keys()) {
      const wanted = wantedIn().get(key);
      if (wanted === undefined) continue;
      if (drops.has(step.input.type)) dropToo(own, guest, wanted);
      count("held");
      const text = heldTooLong(own, guest, wanted);
      if (text !== undefined) return text;
    }
    return undefined;
  };
}
