import type { Fact } from "../../events/fact.ts";
import type { Guest } from "../../projections/guest.ts";
import { hostAt } from "../../projections/host/host-entry.ts";
import type { Expected } from "../oracle/answers.ts";
import { sameWords } from "../oracle/walk.ts";
import { senderOf } from "./compare-probe.ts";
import { isTranslating } from "./host-refusals.ts";
import type { Count, Law } from "./law.ts";
import type { Glance, Sight } from "./probes.ts";
import { sightOf } from "./probes.ts";
import type { Run } from "./run.ts";
import { guestIndex } from "./run.ts";

/** Words of entries, one list for each part of the way. */
type Path = NonNullable<Expected["path"]>;

const samePath = (a: Path, b: Path): boolean =>
  a === b || (a.length === b.length && a.every((words, at) => sameWords(words, b[at] ?? [])));

const senderName = (guest: number, source: number, pasid: number | undefined): string =>
  `${guest}:${source}:${pasid ?? ""}`;

/** Facts after which every host entry has been read again, or is what a record says. */
const renewing: ReadonlySet<string> = new Set([
  ...["TranslationEnabled", "UnitRestored", "UnitCreated", "UnitDestroyed", "UnitWasReset"],
]);

/** Whose entries: of which guest, source-id and PASID. */
interface Sender {
  readonly guest: number;
  readonly source: number;
  readonly pasid: number | undefined;
}

/** The ways of host entries as they were when those were read, by source-id and PASID. */
type Read = Map<string, Sender & { readonly path: Path }>;

/** Whether a fact may be that a host entry was read again: what it covers need not change. */
function mayRead(fact: Fact, { guest, source, pasid }: Sender): boolean {
  if (guestIndex(fact) !== guest) return false;
  switch (fact.type) {
    case "HostEntryChanged":
    case "HostEntryDropped":
      return fact.source === source && fact.pasid === pasid;
    case "ContextInvalidated": {
      const mask = 0xffff - ([0, 4, 6, 7][fact.mask ?? 0] ?? 0);
      return fact.scope !== "device" || (source & mask) === ((fact.source ?? 0) & mask);
    }
    case "PasidCacheInvalidated":
      return fact.scope !== "pasid" || pasid === undefined || fact.pasid === pasid;
    default:
      return fact.type === "DeviceRemoved" || renewing.has(fact.type);
  }
}

const reading: ReadonlySet<string> = new Set([
  ...["HostEntryChanged", "HostEntryDropped", "ContextInvalidated", "PasidCacheInvalidated"],
  ...["DeviceRemoved", ...renewing],
]);

/** Forgets the ways of entries that may have been read again in a step. */
function forget(read: Read, facts: readonly Fact[]): void {
  for (const fact of facts) {
    if (!reading.has(fact.type)) continue;
    for (const [name, sender] of read) if (mayRead(fact, sender)) read.delete(name);
  }
}

const isMarked = (guest: Guest, source: number, pasid: number | undefined): boolean => {
  const entry = hostAt(guest.hosts, source, pasid);
  return entry === undefined || entry.pending !== 0 || entry.pasidPending !== 0;
};

/** Looks at every key once; what is the same as at the last glance is not looked at. */
function look(
  { keys }: Sight,
  names: readonly string[],
  read: Read,
  now: Glance,
  last: Glance | undefined,
  count: Count,
): string | undefined {
  for (const [at, key] of keys.entries()) {
    const { guest: index, sid, pasid } = key;
    const path = now.expected[at]?.path;
    const guest = now.world.guests[index];
    if (path === undefined || guest === undefined) continue;
    const name = names[at] as string;
    const was = read.get(name);
    if (was?.path === path || !isTranslating(guest)) continue;
    const known = { guest: index, source: sid, pasid, path };
    if (was === undefined) read.set(name, known);
    else if (last?.world.guests[index] === guest) continue;
    else if (samePath(was.path, path)) read.set(name, known);
    else if (isMarked(guest, sid, pasid)) count("marked");
    else {
      const who = senderOf({ guest: index, sid, page: 0, pasid });
      return `an entry on the way of ${who} has changed, and nothing is marked`;
    }
  }
  return undefined;
}

/** The glance at the end of each step that has one, by the step's number. */
const glancesOf = ({ settled }: Sight): ReadonlyMap<number, Glance> =>
  new Map(settled.map((glance) => [glance.seq, glance]));

function check(run: Run, count: Count) {
  const sight = sightOf(run);
  const glances = glancesOf(sight);
  const names = sight.keys.map(({ guest, sid, pasid }) => senderName(guest, sid, pasid));
  const read: Read = new Map();
  let last: Glance | undefined;
  for (const { facts, seq } of run.steps) {
    forget(read, facts);
    const now = glances.get(seq);
    if (now === undefined) continue;
    const text = look(sight, names, read, now, last, count);
    if (text !== undefined) return { law: "HE3", seq, text };
    last = now;
  }
  return undefined;
}

export const pathsAreMarked: Law = {
  id: "HE3",
  says:
    "A host entry is marked pending where a root, context, directory or PASID entry on its way " +
    "has changed since it was read.",
  sometimes: ["marked"],
  check,
};
