import type { Range } from "../events/address.ts";
import { everyPage, iovaOfPage } from "../events/address.ts";
import type { FactOf } from "../events/fact.ts";
import { deviceAt } from "../projections/device/devices.ts";
import type { Space } from "../projections/first-stage/space.ts";
import type { Guest } from "../projections/guest.ts";
import type { HostEntry } from "../projections/host/host-entry.ts";
import { hostAt, hostsWhere } from "../projections/host/host-entry.ts";
import { coveredOfPasid, coversFirstStages } from "../projections/queue/evolve-queue.ts";
import type { Call } from "./call.ts";
import { tableNumber } from "./host-number.ts";
import {
  requesterOf,
  spaceBelow,
  stageOf,
  tableData,
  targetOf,
  usersOf,
} from "./requester-target.ts";
import type { StageInvalidation } from "./touched.ts";

/** A table of the host's: the first stage that it is, and what creates it. */
export interface HostTable {
  readonly stage: number;
  readonly create: Call;
}

/** The tables that some entries' requests go through, by number. */
export function tablesOf(
  guest: Guest,
  entries: readonly HostEntry[],
): ReadonlyMap<number, HostTable> {
  const tables = new Map<number, HostTable>();
  for (const entry of entries) {
    const stage = stageOf(guest, entry);
    if (stage === undefined) continue;
    const table = tableNumber(guest, stage.id, entry);
    if (tables.has(table)) continue;
    const over = spaceBelow(guest, stage);
    const create: Call = { call: "createTable", table, over, data: tableData(stage, entry) };
    tables.set(table, { stage: stage.id, create });
  }
  return tables;
}

/** Whether some entry's requests go through a table of a first stage. */
export function isTableUsed(guest: Guest, table: number, stage: number): boolean {
  const known = guest.spaces[stage];
  if (known === undefined) return false;
  return usersOf(guest, known).some((entry) => tableNumber(guest, stage, entry) === table);
}

/** A table's own invalidations of one step. */
interface Asked {
  all: boolean;
  readonly ranges: { readonly range: Range; readonly leafOnly: boolean }[];
}

/** The pages that an invalidation covers of a first stage, or `undefined`. */
function covered(fact: StageInvalidation, stage: Space): Range | undefined {
  if (fact.type === "PasidIotlbInvalidated") return coveredOfPasid(fact, stage);
  return coversFirstStages(fact, stage.did) ? everyPage : undefined;
}

function askedOf(stage: Space, facts: readonly StageInvalidation[]): Asked | undefined {
  const asked: Asked = { all: false, ranges: [] };
  for (const fact of facts) {
    const range = covered(fact, stage);
    if (range === undefined) continue;
    if (range === everyPage) asked.all = true;
    else asked.ranges.push({ range, leafOnly: fact.leafOnly === true });
  }
  return asked.all || asked.ranges.length > 0 ? asked : undefined;
}

/** Ranges of pages, in order, none twice: those that meet and are alike are one. */
function joined({ ranges }: Asked): Asked["ranges"] {
  const sorted = [...ranges].sort((a, b) => a.range.first - b.range.first);
  const made: Asked["ranges"] = [];
  for (const one of sorted) {
    const last = made.at(-1);
    const meets = last !== undefined && one.range.first <= last.range.end;
    if (!meets || last.leafOnly !== one.leafOnly) made.push(one);
    else {
      const end = Math.max(last.range.end, one.range.end);
      made[made.length - 1] = { ...last, range: { first: last.range.first, end } };
    }
  }
  return made;
}

function invalidationsOf(table: number, asked: Asked): readonly Call[] {
  const call = "invalidateTable";
  if (asked.all) {
    return [{ call, table, input: undefined, length: undefined, leafOnly: false }];
  }
  return joined(asked).map(({ range: { first, end }, leafOnly }) => {
    return { call, table, input: iovaOfPage(first), length: BigInt(end - first) << 12n, leafOnly };
  });
}

/** Numbers of the tables of a first stage that some requester is attached to. */
function tablesInUse(guest: Guest, stage: Space): ReadonlySet<number> {
  const tables = new Set<number>();
  for (const entry of usersOf(guest, stage)) {
    const target = targetOf(guest, entry);
    if (target?.to === "table") tables.add(target.table);
  }
  return tables;
}

/** The calls that make tables that stay forget what a step's invalidations cover. */
export function tableInvalidations(
  before: Guest,
  after: Guest,
  facts: readonly StageInvalidation[],
): readonly Call[] {
  if (facts.length === 0) return [];
  const calls: Call[] = [];
  for (const stage of Object.values(after.spaces)) {
    if (stage.virtual || before.spaces[stage.id] === undefined) continue;
    const asked = askedOf(stage, facts);
    if (asked === undefined) continue;
    const are = tablesInUse(after, stage);
    const were = before.hosts === after.hosts ? are : tablesInUse(before, stage);
    for (const table of are) {
      if (were.has(table)) for (const call of invalidationsOf(table, asked)) calls.push(call);
    }
  }
  return calls;
}

/** The entries whose device TLBs an invalidation of one device is about. */
function entriesAsked(guest: Guest, fact: FactOf<"DeviceTlbInvalidated">): readonly HostEntry[] {
  const source = deviceAt(guest, fact.device)?.requester;
  if (source === undefined) return [];
  if (fact.global === true) {
    return hostsWhere(guest.hosts, (one) => one.source === source && one.pasid !== undefined);
  }
  const entry = hostAt(guest.hosts, source, fact.pasid);
  return entry === undefined ? [] : [entry];
}

/**
 * The calls that make devices forget. One whose requests go to a space has nothing to forget but
 * what is mapped: unmapping makes it forget the rest.
 */
export function deviceInvalidations(
  before: Guest,
  after: Guest,
  facts: readonly FactOf<"DeviceTlbInvalidated">[],
): readonly Call[] {
  return facts.flatMap((fact) =>
    entriesAsked(after, fact).flatMap((entry): readonly Call[] => {
      const [old, now] = [hostAt(before.hosts, entry.source, entry.pasid), targetOf(after, entry)];
      const was = targetOf(before, old);
      if (!entry.ats || now?.to !== "table" || was?.to !== "table" || was.table !== now.table)
        return [];
      const { iova: input, length } = fact;
      return [{ call: "invalidateDevice", requester: requesterOf(entry), input, length }];
    }),
  );
}
