import { deviceAt } from "../projections/device/devices.ts";
import { hostAt } from "../projections/host/host-entry.ts";
import { closerMiss, closestMiss } from "./closest-miss.ts";
import type { EntryWrite } from "./entry-write.ts";
import type { PathEntry, Place } from "./path-entry.ts";
import type { Step } from "./step.ts";
import type { Told } from "./told.ts";
import { isForgetting, toldIn } from "./told.ts";

/** The invalidations of a step that `why` looks at: those that may announce an entry of a walk. */
const mayTell = ({ fact }: Told): boolean =>
  fact.type !== "DeviceTlbInvalidated" && fact.type !== "InterruptEntriesInvalidated";

/** The writes, with what a step's invalidations almost announced of them. */
export function withMisses(
  writes: readonly EntryWrite[],
  { guest: index, device, pasid }: Place,
  { table, level, page }: PathEntry,
  step: Step,
): readonly EntryWrite[] {
  const guest = step.before.guests[index];
  const source = deviceAt(guest, device)?.requester ?? device;
  const host = guest && hostAt(guest.hosts, source, pasid);
  if (guest === undefined || host === undefined || !step.facts.some(isForgetting)) return writes;
  const told = toldIn(step, guest).filter(mayTell);
  const changed = { table, level, did: host.did, pasid: host.tag, source, page };
  const run = { first: page, end: page + 1 };
  return writes.map((write) => {
    if (write.announced !== undefined || !write.needed) return write;
    const miss = closestMiss(told, changed, run, write.seq);
    const missed = closerMiss(write.missed, miss);
    return missed === undefined || missed === write.missed ? write : { ...write, missed };
  });
}
