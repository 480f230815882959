import { formatSourceId, hex } from "../../events/address.ts";
import type { AddressSpace } from "../../history/query/address-space.ts";
import { addressSpace } from "../../history/query/address-space.ts";
import type { SpaceRange } from "../../history/query/space-ranges.ts";
import type { Timeline } from "../../history/timeline/timeline.ts";
import type { PageAsked, SpaceRow, SpaceStrip, SpaceView } from "../protocol.ts";
import { AskedError, usedPageOf } from "./page-asked.ts";

/** What is worth a look before what lies in the same cell. */
const order: readonly SpaceRow["kind"][] = ["pending", "met", "used", "mapped", "above"];

function kindOf({ mapped, pendingSince, isAbove, landed, blocked }: SpaceRange): SpaceRow["kind"] {
  const isUsed = landed + blocked > 0;
  // Below an entry that changed most pages are what they were: nothing.
  if (pendingSince !== undefined && isAbove && !mapped && !isUsed) return "above";
  if (pendingSince !== undefined && !(isAbove && isUsed && !mapped)) return "pending";
  if (blocked > 0) return "met";
  return landed > 0 || !mapped ? "used" : "mapped";
}

function textOf({ mapped, pendingSince, isAbove, landed, blocked }: SpaceRange): string {
  const uses = [
    ...(landed > 0 ? [`${landed.toString()} landed`] : []),
    ...(blocked > 0 ? [`${blocked.toString()} blocked`] : []),
  ];
  return [
    mapped ? "mapped" : "not mapped",
    ...(pendingSince === undefined
      ? []
      : [isAbove ? "a change above waits" : "a change waits to be announced"]),
    uses.length > 0 ? uses.join(", ") : mapped ? "never used" : "no request",
  ].join(", ");
}

const addressOf = (page: number): string => hex(BigInt(page) << 12n);

const rowOf = (range: SpaceRange, asked: PageAsked): SpaceRow => ({
  asked: { ...asked, iova: addressOf(range.first) },
  first: range.first,
  count: range.count,
  from: addressOf(range.first),
  to: hex((BigInt(range.first + range.count) << 12n) - 1n),
  kind: kindOf(range),
  text: textOf(range),
  pendingSince: range.pendingSince,
  lastUse: range.lastUse,
});

const cellsOfStrip = 128;
const mostStrips = 12;

/** The strips that some pages lie in, in order, when each has so many pages. */
function* stripsIn(rows: readonly SpaceRow[], pages: number): Generator<number, void, void> {
  let next = 0;
  for (const { first, count } of rows) {
    const last = Math.floor((first + count - 1) / pages);
    for (let strip = Math.max(next, Math.floor(first / pages)); strip <= last; strip++) {
      yield strip;
      next = strip + 1;
    }
  }
}

/** How many pages a cell has at least, so that a map of some pages is not too high. */
function pagesOfCell(rows: readonly SpaceRow[]): number {
  for (let each = 1; ; each *= 4) {
    let count = 0;
    for (const strip of stripsIn(rows, each * cellsOfStrip)) {
      if (strip < 0 || ++count > mostStrips) break;
    }
    if (count <= mostStrips) return each;
  }
}

/** The map of some pages, drawn as fine as there is room; between its strips nothing lies. */
export function stripsOf(rows: readonly SpaceRow[]): readonly SpaceStrip[] {
  const own = rows.filter(({ kind }) => kind !== "above");
  const each = pagesOfCell(own);
  const strips = new Map<number, Uint16Array>();
  for (const strip of stripsIn(own, each * cellsOfStrip)) {
    strips.set(strip, new Uint16Array(cellsOfStrip));
  }
  const rank = (row: number): number =>
    row === 0 ? order.length : order.indexOf((rows[row - 1] as SpaceRow).kind);
  for (const [strip, cells] of strips) {
    const base = strip * cellsOfStrip;
    for (const [index, { first, count }] of rows.entries()) {
      const last = Math.min(cellsOfStrip - 1, Math.floor((first + count - 1) / each) - base);
      for (let at = Math.max(0, Math.floor(first / each) - base); at <= last; at++) {
        if (rank(cells[at] ?? 0) > rank(index + 1)) cells[at] = index + 1;
      }
    }
  }
  return [...strips].map(([strip, cells]) => ({
    from: addressOf(strip * each * cellsOfStrip),
    each,
    cells,
  }));
}

const states: Readonly<Record<AddressSpace["state"], string>> = {
  none: "The unit keeps nothing of this device.",
  blocked: "Every request of this device is blocked.",
  refused: "The host has no way to do what the guest asks of this device.",
  passThrough: "Requests pass through: this is what the P2M grants.",
  shadowed: "This is what the shadow has for the domain.",
  nested: "Tables are walked with each request: pages that were asked for are shown.",
  virtual: "Tables are walked with each request: pages that were asked for are shown.",
};

/**
 * The address space that a page of a device lies in, after an event.
 *
 * @throws AskedError when it is no device, or there is no such moment.
 */
export function spaceView(timeline: Timeline, at: number, asked: PageAsked): SpaceView {
  const space = addressSpace(timeline, usedPageOf(asked), at);
  if (space === undefined) throw new AskedError("there is no such moment");
  const rows = space.ranges.map((range) => rowOf(range, asked));
  const pages = { pending: 0, met: 0, used: 0, mapped: 0, above: 0 };
  for (const { kind, count } of rows) pages[kind] += count;
  const devices = space.devices.map(formatSourceId).slice(0, 8).join(", ");
  const name = space.did === undefined ? "no domain" : `domain ${space.did.toString()}`;
  return {
    name: devices === "" ? name : `${name} (${devices})`,
    note: states[space.state],
    pages,
    strips: stripsOf(rows),
    rows,
    isWhole: space.isWhole,
  };
}
