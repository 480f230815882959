import type { Range } from "../events/address.ts";
import { everyPage } from "../events/address.ts";
import type { Guest } from "../projections/guest.ts";
import type { Shadow } from "../projections/shadow/shadow.ts";
import { shadowAt, shadowsOf } from "../projections/shadow/shadow.ts";
import { get } from "../tables/page-tree.ts";
import { isTooLarge, p2mRuns, protectedRanges, shadowRuns } from "./host-content.ts";
import { p2mSpace, shadowSpace } from "./host-number.ts";
import type { Difference } from "./host-run.ts";
import { addDifference, addPageDifference, mapCalls, unmapCalls } from "./host-run.ts";
import type { Change, Phases } from "./phases.ts";
import { addAll } from "./phases.ts";
import type { Touched } from "./touched.ts";

/** Whether a range begins after the end of the one before it. */
const isApart = ({ first }: Range, index: number, ranges: readonly Range[]): boolean =>
  index === 0 || first > (ranges[index - 1] as Range).end;

/** Ranges in order, those that meet as one. */
function joinedRanges(ranges: readonly Range[]): readonly Range[] {
  if (ranges.length < 2 || ranges.every(isApart)) return ranges;
  const made: Range[] = [];
  for (const range of [...ranges].sort((a, b) => a.first - b.first)) {
    const last = made.at(-1);
    if (last !== undefined && range.first <= last.end) {
      made[made.length - 1] = { first: last.first, end: Math.max(last.end, range.end) };
    } else made.push(range);
  }
  return made;
}

/** Unmaps and maps what differs in a space that stays. */
function changeSpace(phases: Phases, space: number, { removed, added }: Difference): void {
  addAll(phases.less, unmapCalls(space, removed));
  addAll(phases.more, mapCalls(space, added));
}

/** What a step changes of the guest's P2M as the host has it. */
export function changeP2m(phases: Phases, { before, after }: Change, touched: Touched): void {
  const guarded = touched.isProtectionChanged
    ? [...protectedRanges(before), ...protectedRanges(after)]
    : [];
  const ranges = [...touched.p2m, ...guarded];
  if (ranges.length === 0) return;
  const difference: Difference = { removed: [], added: [] };
  for (const range of joinedRanges(ranges)) {
    addDifference(difference, p2mRuns(before, range), p2mRuns(after, range));
  }
  changeSpace(phases, p2mSpace(after), difference);
}

/** All that a space holds goes in one call. */
function emptied(difference: Difference): Difference {
  const [first, last] = [difference.removed[0], difference.removed.at(-1)];
  if (first === undefined || last === undefined) return difference;
  return { removed: [{ first: first.first, end: last.end }], added: [] };
}

function changeShadow(
  phases: Phases,
  change: Change,
  was: Shadow,
  is: Shadow,
  told: readonly Range[],
): void {
  const toggles = isTooLarge(was) !== isTooLarge(is);
  const ranges = toggles ? [everyPage] : joinedRanges(told);
  const difference: Difference = { removed: [], added: [] };
  for (const range of ranges) {
    const { first, end } = range;
    // Of most changes each is of one page. Trees that both are too large have no pages here.
    if (end - first === 1 && !isTooLarge(is)) {
      addPageDifference(difference, first, get(was.host, first), get(is.host, first));
    } else addDifference(difference, shadowRuns(was, range), shadowRuns(is, range));
  }
  const all = toggles && isTooLarge(is) ? emptied(difference) : difference;
  changeSpace(phases, shadowSpace(change.after, is.id), all);
}

/** A new space is tracked as those that are there. */
export function trackFrom({ made }: Phases, { dirtyTracking }: Guest, space: number): void {
  if (dirtyTracking) made.push({ call: "trackDirty", space, enabled: true });
}

/** Begins or ends to track the spaces that stay. */
export function changeTracking(phases: Phases, { before, after }: Change): void {
  if (before.dirtyTracking === after.dirtyTracking) return;
  const track = (space: number): void => {
    phases.less.push({ call: "trackDirty", space, enabled: after.dirtyTracking });
  };
  track(p2mSpace(after));
  for (const { id } of shadowsOf(after)) track(shadowSpace(after, id));
}

/** A space that is a shadow, with all that is in it. */
export function createShadow(phases: Phases, guest: Guest, shadow: Shadow): void {
  const space = shadowSpace(guest, shadow.id);
  phases.made.push({ call: "createSpace", space, kind: "shadow" });
  trackFrom(phases, guest, space);
  addAll(phases.made, mapCalls(space, shadowRuns(shadow)));
}

/** Takes back the space that was a shadow. */
export function destroyShadow(phases: Phases, guest: Guest, { id }: Shadow): void {
  phases.spaces.push({ call: "destroySpace", space: shadowSpace(guest, id) });
}

/** What a step changes of shadows, creates and takes back. */
export function changeShadows(phases: Phases, change: Change, touched: Touched): void {
  const { before, after } = change;
  for (const [id, ranges] of touched.shadows) {
    const [was, is] = [shadowAt(before, id), shadowAt(after, id)];
    if (was !== undefined && is !== undefined) changeShadow(phases, change, was, is, ranges);
    else if (is !== undefined) createShadow(phases, after, is);
    else if (was !== undefined) destroyShadow(phases, before, was);
  }
}
