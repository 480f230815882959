import type { Range } from "../events/address.ts";
import { pageOf, pagesFrom } from "../events/address.ts";
import type { Call, Requester, Target } from "./call.ts";
import type { Run } from "./host-run.ts";
import { runsWithout } from "./host-run.ts";

/** What calls have made of a host for one guest: enough to say whether a further one can be. */
export interface ReferenceHost {
  /** Runs of each space, in the order of pages. */
  readonly spaces: Map<number, Run[]>;
  /** The space below each table. */
  readonly tables: Map<number, number>;
  /** Where requesters go, by `requesterName`. */
  readonly targets: Map<string, Target>;
  /** Names of objects that there were. */
  readonly used: Set<string>;
}

export const emptyHost = (): ReferenceHost => ({
  spaces: new Map(),
  tables: new Map(),
  targets: new Map(),
  used: new Set(),
});

/** A requester's name in maps. */
export const requesterName = ({ source, pasid }: Requester): string =>
  pasid === undefined ? `${source}` : `${source}/${pasid}`;

/** The first run that ends after a page: its place among runs in order. */
function placeOf(runs: readonly Run[], page: number): number {
  let [low, high] = [0, runs.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const run = runs[middle] as Run;
    if (run.page + run.count > page) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The runs that have pages of a range, and where they are among all. */
export function runsAt(runs: readonly Run[], { first, end }: Range) {
  const from = placeOf(runs, first);
  let to = from;
  while (to < runs.length && (runs[to] as Run).page < end) to++;
  return { from, to, found: runs.slice(from, to) };
}

const runOf = (call: Extract<Call, { call: "map" }>): Run => ({
  page: pageOf(call.input),
  count: pageOf(call.length),
  frame: pageOf(call.host),
  read: call.read,
  write: call.write,
});

function map(host: ReferenceHost, call: Extract<Call, { call: "map" }>): string | undefined {
  const runs = host.spaces.get(call.space);
  if (runs === undefined) return `there is no space ${call.space}`;
  const { from, found } = runsAt(runs, pagesFrom(call.input, call.length));
  if (found.length > 0) return "some of it is mapped already";
  runs.splice(from, 0, runOf(call));
  return undefined;
}

function unmap(host: ReferenceHost, call: Extract<Call, { call: "unmap" }>): string | undefined {
  const runs = host.spaces.get(call.space);
  if (runs === undefined) return `there is no space ${call.space}`;
  const range = pagesFrom(call.input, call.length);
  const { from, to, found } = runsAt(runs, range);
  if (found.length === 0) return "nothing of it is mapped";
  runs.splice(from, to - from, ...runsWithout(found, range));
  return undefined;
}

function create(host: ReferenceHost, name: string): string | undefined {
  if (host.used.has(name)) return `there was a ${name} already`;
  host.used.add(name);
  return undefined;
}

const leadsTo = (host: ReferenceHost, to: "space" | "table", number: number): boolean =>
  [...host.targets.values()].some((one) => one.to === to && Object.values(one).includes(number));

function attach(host: ReferenceHost, call: Extract<Call, { call: "attach" }>): string | undefined {
  const { target, requester } = call;
  if (target.to === "space" && !host.spaces.has(target.space)) {
    return `there is no space ${target.space}`;
  }
  if (target.to === "table" && !host.tables.has(target.table)) {
    return `there is no table ${target.table}`;
  }
  host.targets.set(requesterName(requester), target);
  return undefined;
}

function destroySpace(host: ReferenceHost, space: number): string | undefined {
  if (!host.spaces.has(space)) return `there is no space ${space}`;
  if (leadsTo(host, "space", space)) return "a requester is attached to it";
  if ([...host.tables.values()].includes(space)) return "a table lies over it";
  host.spaces.delete(space);
  return undefined;
}

function destroyTable(host: ReferenceHost, table: number): string | undefined {
  if (!host.tables.has(table)) return `there is no table ${table}`;
  if (leadsTo(host, "table", table)) return "a requester is attached to it";
  host.tables.delete(table);
  return undefined;
}

/**
 * Makes a call of a host.
 *
 * @returns why it cannot be, in words; it has changed nothing then.
 */
export function makeCall(host: ReferenceHost, call: Call): string | undefined {
  switch (call.call) {
    case "createSpace":
      return create(host, `space ${call.space}`) ?? void host.spaces.set(call.space, []);
    case "destroySpace":
      return destroySpace(host, call.space);
    case "map":
      return map(host, call);
    case "unmap":
      return unmap(host, call);
    case "createTable":
      if (!host.spaces.has(call.over)) return `there is no space ${call.over}`;
      return create(host, `table ${call.table}`) ?? void host.tables.set(call.table, call.over);
    case "destroyTable":
      return destroyTable(host, call.table);
    case "attach":
      return attach(host, call);
    case "detach":
      return host.targets.delete(requesterName(call.requester)) ? undefined : "it is not attached";
    case "invalidateTable":
      return host.tables.has(call.table) ? undefined : `there is no table ${call.table}`;
    case "trackDirty":
      return host.spaces.has(call.space) ? undefined : `there is no space ${call.space}`;
    default:
      return undefined;
  }
}
