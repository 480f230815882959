import { PasidEntry, pasidTypes } from "../../events/context/pasid-entry.ts";
import type { Fact } from "../../events/fact.ts";
import { resolve } from "../../hypervisor/context/resolve.ts";
import { isScalable } from "../../projections/context/context-path.ts";
import { devicesOf } from "../../projections/device/devices.ts";
import type { Guest } from "../../projections/guest.ts";
import { hostAt } from "../../projections/host/host-entry.ts";
import type { World } from "../../projections/world.ts";
import type { Contexts } from "../../target/deviation.ts";
import type { TargetMemory } from "../../target/known.ts";
import { noContexts } from "../../target/known.ts";
import { entriesRead } from "../../target/table-view.ts";
import { keepsPasids } from "./reasons.ts";
import { readTables, validPasid } from "./scalable-tables.ts";

/** When QEMU forgets all context entries, and looks anew whether devices are passed through. */
const looking: ReadonlySet<string> = new Set(["RootPointerLatched", "TranslationEnabled"]);

/** Bits of a function number that a context invalidation leaves out of the comparison. */
const ignoredBits = [0, 4, 6, 7] as const;

/**
 * What QEMU remembers of context entries after a fact: less after an invalidation, of which one of
 * a domain is taken for one of all.
 *
 * @param world  after the step of which the fact is one.
 */
export function contextsAfter(contexts: Contexts, fact: Fact, world: World): Contexts {
  const [guest] = world.guests;
  if (fact.type === "TranslationDisabled" || guest === undefined) return noContexts;
  if (fact.type === "PasidCacheInvalidated" && keepsPasids(guest) && isScalable(guest))
    return afterPasidCache(contexts, guest);
  const isContext = fact.type === "ContextInvalidated";
  if (!isContext && !looking.has(fact.type)) return contexts;
  const isOfOne = isContext && fact.scope === "device";
  const compared = 0xffff & ~(isOfOne ? (ignoredBits[fact.mask ?? 0] ?? 0) : 0);
  const isSeen = (source: number): boolean =>
    !isOfOne || (source & compared) === ((fact.source ?? 0) & compared);
  const { passing, entries, lately } = contexts;
  const passes = (each: number): boolean =>
    isSeen(each) ? isPassed(guest, each) : passing.has(each);
  return {
    passing: new Set(requestersOf(guest).filter(passes)),
    entries: new Map([...entries].filter(([source]) => !isSeen(source))),
    lately: new Set([...lately].filter((source) => !isSeen(source))),
  };
}

const requestersOf = (guest: Guest): readonly number[] =>
  devicesOf(guest).map(({ requester }) => requester);

/**
 * The same after an invalidation of PASID entries. Some versions look again at those that they keep
 * if they differ from what was kept first, and which those are nobody can tell from outside.
 */
function afterPasidCache({ passing, entries, lately }: Contexts, guest: Guest): Contexts {
  const now = requestersOf(guest).filter((each) => isPassed(guest, each, entries.get(each)));
  // It may look by the context entry that is in memory instead of the one that it remembers.
  const inMemory = requestersOf(guest).filter((each) => isPassed(guest, each));
  const sure = now.filter((each) => passing.has(each) && inMemory.includes(each));
  const maybe = new Set([...lately, ...passing, ...now, ...inMemory]);
  return { passing: new Set(sure), entries, lately: maybe };
}

/** The same after a request of a source-id, by the tables as they were before it. */
export function contextsUsed(contexts: Contexts, guest: Guest, source: number): Contexts {
  const { passing, entries, lately } = contexts;
  // What is passed through does not come to the unit at all.
  if (guest.charts.translation !== "enabled" || passing.has(source)) return contexts;
  const isNow = isPassed(guest, source, entries.get(source));
  const passes = isNow ? new Set([...passing, source]) : passing;
  if (!isScalable(guest)) {
    const isNew = !entries.has(source) && resolve(guest, source, undefined).kind === "tables";
    const read = entriesRead(guest, source).find(({ table }) => table === "context")?.entry;
    if (!isNew || read === undefined) return { passing: passes, entries, lately };
    return { passing: passes, entries: new Map([...entries, [source, read]]), lately };
  }
  const { fault, context } = readTables(guest, source, entries.get(source));
  if (fault !== undefined || context === undefined) return contexts;
  return { passing: passes, entries: new Map([...entries, [source, context]]), lately };
}

/** Whether QEMU takes a source-id as passed through, by the context entry that it remembers. */
function isPassed(guest: Guest, source: number, cached?: bigint): boolean {
  if (!isScalable(guest))
    return cached === undefined && resolve(guest, source, undefined).kind === "passThrough";
  const entry = validPasid(guest, source, cached);
  return entry !== undefined && PasidEntry.decode(entry).pgtt === pasidTypes.passThrough;
}

/** The domain-id that QEMU reads: in scalable mode that of its own reading of the PASID entry. */
function domainsRead({ entries }: Contexts, guest: Guest, source: number): readonly number[] {
  const known = hostAt(guest.hosts, source, undefined)?.did ?? 0;
  if (!isScalable(guest)) return [known];
  const { entry } = readTables(guest, source, entries.get(source));
  return [entry === undefined ? known : PasidEntry.decode(entry).did];
}

/** What QEMU remembers of source-ids. */
export const qemuMemory: TargetMemory = {
  after: contextsAfter,
  used: contextsUsed,
  domains: domainsRead,
  tagsBySource: true,
  emptying: new Set(["RootPointerLatched", "TranslationEnabled", "TranslationDisabled"]),
};
