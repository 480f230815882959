import { pageOf } from "../events/address.ts";
import type { Fact } from "../events/fact.ts";
import { announcementIn } from "../history/announcement.ts";
import type { Hidden } from "../history/hidden.ts";
import { hiddenOn } from "../history/hidden.ts";
import type { Step } from "../history/step.ts";
import type { Beside, Unflushed } from "./judge-unseen.ts";
import { lacks, lateOf, requestText } from "./judge-unseen.ts";

/** Whether a fact forgets an interrupt entry that a guest has. */
const forgets = (fact: Fact, guest: number, index: number): boolean =>
  fact.type === "InterruptEntriesInvalidated" &&
  (fact.guest ?? 0) === guest &&
  (fact.first === undefined || (index >= fact.first && index < fact.first + (fact.count ?? 1)));

/** Number of the event by which a step invalidates what is hidden from a request, if it does. */
function invalidates(done: Step, { input }: Step, { entry, index }: Hidden): number | undefined {
  const guest = input.guest ?? 0;
  if (index !== undefined) {
    const at = done.facts.findIndex((fact) => forgets(fact, guest, index));
    return at < 0 ? undefined : done.seq + 1 + at;
  }
  if (entry === undefined || input.type !== "Dma") return undefined;
  const { device, iova, pasid } = input;
  const place = { guest, device, page: pageOf(iova), pasid, entries: [entry] };
  const told = announcementIn(done, place, entry);
  return told === undefined || told.type === "HostEntryChanged" ? undefined : told.seq;
}

/** Where a request went: an address, or the message that an interrupt became. */
function goal(facts: readonly Fact[]): string | undefined {
  for (const fact of facts) {
    if (fact.type === "DmaTranslated") return String(fact.gpa ?? fact.hpa);
    if (fact.type === "InterruptDelivered" || fact.type === "InterruptPosted")
      return JSON.stringify(fact, (_, value) =>
        typeof value === "bigint" ? String(value) : value,
      );
  }
  return undefined;
}

const isStopped = (facts: readonly Fact[]): boolean =>
  facts.some(
    (fact) =>
      (fact.type === "DmaBlocked" && fact.reason !== undefined) || fact.type === "InterruptBlocked",
  );

/**
 * What a step's request went by though its guest took it away: the entry was written and not
 * flushed, what covers it was invalidated after that, and a unit that saw the write would have
 * blocked the request, or led it elsewhere.
 */
export function removedFrom(step: Step, beside: Beside): Unflushed | undefined {
  const { seen, invalidated = [] } = beside;
  const went = goal(step.facts);
  if (seen === undefined || went === undefined) return undefined;
  const meant = goal(seen.facts);
  if (meant === went || (meant === undefined && !isStopped(seen.facts))) return undefined;
  for (const hidden of hiddenOn(step.before, step, lateOf(step, beside))) {
    const { name, address, unseen } = hidden;
    for (const done of invalidated) {
      const at = done.seq > unseen.seq ? invalidates(done, step, hidden) : undefined;
      if (at === undefined) continue;
      const by = unseen.seq === 0 ? "" : ` by event ${unseen.seq.toString()}`;
      const text =
        `${requestText(step)} goes by the ${name} at 0x${address.toString(16)} as it was: ` +
        `written${by}, invalidated by event ${at.toString()}, and ${lacks[unseen.waits]}`;
      return { seq: step.seq, text, wrote: [unseen.seq] };
    }
  }
  return undefined;
}
