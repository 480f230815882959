import type { Guest } from "../projections/guest.ts";
import { hostsWhere, requesterKey } from "../projections/host/host-entry.ts";
import type { World } from "../projections/world.ts";
import type { Call, CallResult, Requester, Target } from "./call.ts";
import { concerned } from "./concerned.ts";
import { requesterName } from "./reference-host.ts";
import { tablesOf } from "./table-calls.ts";

const noCalls: readonly Call[] = [];

/** Whom a call is about, in a word: of calls that are about the same one is looked at. */
function aboutOf(call: Call): string {
  if ("requester" in call) return requesterName(call.requester);
  const when = isTaking(call) ? "was" : "is";
  return "table" in call ? `table ${call.table} ${when}` : `space ${call.space} ${when}`;
}

/** Whether a call is made before any requester moves. */
const isTaking = ({ call }: Call): boolean => /^(unmap|trackDirty|invalidateTable)$/.test(call);

/**
 * What the VMM does once a call failed or timed out, of which nobody knows whether it did nothing
 * or all. The calls that were to follow are not made, so that every requester that one of them is
 * about, too, is kept from memory, and stays so until `HostRelease`.
 *
 * @param world   after the input that led to the call; requesters are looked up in it.
 * @param before  that before it: who is to leave is where it was while things are taken away.
 * @param left    the calls that were to follow.
 */
export function callsAfterFailure(
  world: World,
  call: Call,
  result: CallResult,
  guest: number,
  before: World = world,
  left: readonly Call[] = noCalls,
): readonly Call[] {
  const known = world.guests[guest];
  if (known === undefined || result === "done") return [];
  const whom = new Map<number, Requester>();
  const old = before.guests[guest];
  for (const each of new Map([call, ...left].map((one) => [aboutOf(one), one])).values()) {
    const leaving = old !== undefined && isTaking(each) ? concerned(old, each) : [];
    for (const one of [...concerned(known, each), ...leaving]) {
      whom.set(requesterKey(one.source, one.pasid), one);
    }
  }
  return [...whom.values()].map((requester) => ({
    call: "attach",
    requester,
    target: { to: "blocked" },
  }));
}

/** The spaces and tables that a call names. */
function objectsOf(call: Call): readonly string[] {
  const { space, table, over, target } = call as {
    readonly [name in "space" | "table" | "over"]?: number;
  } & { readonly target?: Target };
  const spaces = [space, over, target?.to === "space" ? target.space : undefined];
  const tables = [table, target?.to === "table" ? target.table : undefined];
  const named = (kind: string, all: readonly (number | undefined)[]): readonly string[] =>
    all.flatMap((one) => (one === undefined ? [] : [`${kind} ${one}`]));
  return [...named("space", spaces), ...named("table", tables)];
}

/** Tables of a guest that lie over some spaces. */
const tablesOver = (guest: Guest, objects: ReadonlySet<string>): readonly string[] =>
  [...tablesOf(guest, hostsWhere(guest.hosts)).values()].flatMap(({ create }) =>
    create.call === "createTable" && objects.has(`space ${create.over}`)
      ? [`table ${create.table}`]
      : [],
  );

/**
 * The objects of a host of which nobody knows what is in them, once some calls failed or were not
 * made: their names, with those of tables that lie over them. Who is not concerned yet may come to
 * one later: see `namesUnfinished`.
 */
export function unfinishedAfter(
  world: World,
  failed: readonly Call[],
  guest: number,
): ReadonlySet<string> {
  const known = world.guests[guest];
  const objects = new Set(failed.flatMap(objectsOf));
  if (known !== undefined) for (const table of tablesOver(known, objects)) objects.add(table);
  return objects;
}

/**
 * Whether a later call names an object that is not finished: it is not made then, and counts as one
 * that failed, until the host is what it should be.
 */
export const namesUnfinished = (call: Call, unfinished: ReadonlySet<string>): boolean =>
  objectsOf(call).some((one) => unfinished.has(one));
