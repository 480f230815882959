import type { EntryWrite } from "../../history/entry-write.ts";
import { eventName } from "./plot.ts";

const notPresent = "it was not present, and that is not cached";
const faulted = "nothing is kept of what is not present without caching mode (CAP.CM)";

/** How a change became known to the vIOMMU. */
export function announcedText(
  { announced, needed }: EntryWrite,
  isFirst: boolean,
  scalable: boolean,
): string {
  if (!needed) return `which needs no announcement: ${isFirst ? notPresent : faulted}`;
  if (announced === undefined) return "and no invalidation has announced it yet";
  if (announced.type === "HostEntryChanged" && isFirst) {
    return `and taken in when the first stage came into use at ${eventName(announced.seq)}`;
  }
  if (announced.type === "HostEntryChanged" && scalable) {
    return `and taken in when the host's entry was made at ${eventName(announced.seq)}`;
  }
  if (announced.type === "HostEntryChanged") {
    return `and taken in when the device was attached to its tables at ${eventName(announced.seq)}`;
  }
  return `and announced by the invalidation at ${eventName(announced.seq)}`;
}

/** The invalidation that almost announced a change of an entry. */
export function missText(writes: readonly EntryWrite[]): string {
  const open = writes.findLast(({ missed }) => missed !== undefined);
  if (open?.missed === undefined) return "";
  const { text } = open.missed;
  return ` It was missed: ${text}.`;
}
