import { deviceAt, deviceBehind } from "../projections/device/devices.ts";
import type { HostEntry } from "../projections/host/host-entry.ts";
import { hostAt, hostsWhere, requesterKey } from "../projections/host/host-entry.ts";
import { shadowAt } from "../projections/shadow/shadow.ts";
import type { Requester, Target } from "./call.ts";
import { isTooLarge } from "./host-content.ts";
import type { Change, Phases } from "./phases.ts";
import { requesterOf, targetOf } from "./requester-target.ts";
import { isTableUsed, tablesOf } from "./table-calls.ts";
import type { Touched } from "./touched.ts";

const isSameTarget = (a: Target | undefined, b: Target | undefined): boolean => {
  if (a?.to === "space") return b?.to === "space" && a.space === b.space;
  return a?.to === "table" ? b?.to === "table" && a.table === b.table : b === undefined;
};

/** Sends a requester where it goes now; one that goes nowhere is blocked and forgotten. */
export function move(phases: Phases, requester: Requester, was?: Target, is?: Target): void {
  if (isSameTarget(was, is)) return;
  if (is === undefined) phases.moved.push({ call: "detach", requester });
  else phases.moved.push({ call: "attach", requester, target: is });
}

/** Creates and destroys tables as entries that changed need them. */
function changeTables(phases: Phases, { before, after }: Change, entries: Entries): void {
  const [were, are] = [tablesOf(before, entries.before), tablesOf(after, entries.after)];
  for (const [table, { stage, create }] of are) {
    if (!were.has(table) && !isTableUsed(before, table, stage)) phases.made.push(create);
  }
  for (const [table, { stage }] of were) {
    if (!are.has(table) && !isTableUsed(after, table, stage)) {
      phases.tables.push({ call: "destroyTable", table });
    }
  }
}

/** Entries of the same requesters, before a step and after it. */
interface Entries {
  readonly before: readonly HostEntry[];
  readonly after: readonly HostEntry[];
}

/** The requesters whose targets may be others than before. */
export function requestersMoved({ before, after }: Change, touched: Touched): Iterable<Requester> {
  const { requesters } = touched;
  const add = (entry: HostEntry) =>
    requesters.set(requesterKey(entry.source, entry.pasid), requesterOf(entry));
  for (const device of touched.removed) {
    const source = deviceAt(before, device)?.requester;
    if (source === undefined || deviceBehind(after, source) !== undefined) continue;
    for (const entry of hostsWhere(before.hosts, (one) => one.source === source)) add(entry);
  }
  for (const id of touched.shadows.keys()) {
    const [was, is] = [shadowAt(before, id), shadowAt(after, id)];
    if (was === undefined || is === undefined || isTooLarge(was) === isTooLarge(is)) continue;
    for (const entry of hostsWhere(after.hosts, ({ shadow }) => shadow === id)) add(entry);
  }
  return requesters.values();
}

/** Moves requesters, and creates and takes back the tables that they need. */
export function changeRequesters(
  phases: Phases,
  change: Change,
  requesters: Iterable<Requester>,
): void {
  const { before, after } = change;
  const entries: { before: HostEntry[]; after: HostEntry[] } = { before: [], after: [] };
  for (const { source, pasid } of requesters) {
    const [was, is] = [hostAt(before.hosts, source, pasid), hostAt(after.hosts, source, pasid)];
    if (was !== undefined) entries.before.push(was);
    if (is !== undefined) entries.after.push(is);
    move(phases, { source, pasid }, targetOf(before, was), targetOf(after, is));
  }
  changeTables(phases, change, entries);
}
