import { formatSourceId, hex } from "../../events/address.ts";
import type { Guest } from "../../projections/guest.ts";
import { hostsWhere } from "../../projections/host/host-entry.ts";
import { shadowsOf } from "../../projections/shadow/shadow.ts";
import { capacity } from "../../tables/page-tree.ts";
import { forEachRun } from "../../tables/page-tree-range.ts";
import type { WaitingView } from "../protocol.ts";

const most = 40;

/** Thrown where enough was seen: a tree that shares its nodes may have no end. */
class Enough extends Error {}

const range = (first: number, count: number): string => {
  const from = hex(BigInt(first) << 12n);
  return count === 1 ? from : `${from} to ${hex((BigInt(first + count) << 12n) - 1n)}`;
};

/** What of a guest changed and was not announced, as far as it is listed. */
export function waitingViews(guest: Guest): readonly WaitingView[] {
  const found: WaitingView[] = [];
  for (const { source, pending, pasidPending } of hostsWhere(
    guest.hosts,
    (one) => one.pending + one.pasidPending > 0,
  )) {
    const since = Math.min(...[pending, pasidPending].filter((mark) => mark > 0));
    found.push({ text: `the entries of ${formatSourceId(source)}`, since });
  }
  try {
    for (const { did, pending } of shadowsOf(guest)) {
      forEachRun(pending, 0, capacity(pending), (first, count, mark) => {
        if (found.length >= most) throw new Enough();
        const part = mark % 2 === 1 ? ", an entry above them" : "";
        const text = `domain ${did.toString()}: ${range(first, count)}${part}`;
        found.push({ text, since: Math.floor(mark / 2) });
      });
    }
  } catch (error) {
    if (!(error instanceof Enough)) throw error;
  }
  return found.slice(0, most);
}
