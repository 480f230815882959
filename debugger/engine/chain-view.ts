import { pageOf } from "../../events/address.ts";
import type { Fact } from "../../events/fact.ts";
import type { Interval } from "../../history/lifeline/lifeline.ts";
import { tellLifeline } from "../../history/lifeline/lifeline.ts";
import type { Step } from "../../history/step.ts";
import type { Long } from "../../history/timeline/bit-by-bit.ts";
import { stepOfEvent } from "../../history/timeline/seek.ts";
import type { Timeline } from "../../history/timeline/timeline.ts";
import type { UsedPage } from "../../history/use.ts";
import { devicesBehind } from "../../projections/device/devices.ts";
import type { Guest } from "../../projections/guest.ts";
import { hostsWhere } from "../../projections/host/host-entry.ts";
import { radixGet } from "../../tables/radix.ts";
import type { ChainView, Link } from "../protocol.ts";
import { askedOf } from "./page-asked.ts";

/** A page of the first device whose requests go through a shadow. */
function placeIn(guest: Guest, shadow: number, page: number): UsedPage | undefined {
  const [host] = hostsWhere(guest.hosts, (one) => one.shadow === shadow);
  if (host === undefined) return undefined;
  const device = devicesBehind(guest, host.source)[0]?.source ?? host.source;
  return { guest: guest.index, device: device as UsedPage["device"], page, pasid: host.pasid };
}

const shadowFacts = /^Shadow(Mapped|Unmapped|Blocked|Shared|Linked)$/;

function placeOfFact(step: Step, fact: Fact): UsedPage | undefined {
  const guest = step.after.guests[fact.guest ?? 0];
  if (guest === undefined) return undefined;
  if (shadowFacts.test(fact.type) && "shadow" in fact && "iova" in fact) {
    if (typeof fact.shadow !== "number" || typeof fact.iova !== "bigint") return undefined;
    return placeIn(guest, fact.shadow, pageOf(fact.iova));
  }
  if ("device" in fact && "iova" in fact && typeof fact.iova === "bigint") {
    const pasid = "pasid" in fact ? fact.pasid : undefined;
    return { guest: guest.index, device: fact.device, page: pageOf(fact.iova), pasid };
  }
  return undefined;
}

/** The page that a write to a table is about: the first that the word translates. */
function placeOfWrite({ input, before, after }: Step): UsedPage | undefined {
  if (input.type !== "MemoryWrite") return undefined;
  for (const world of [after, before]) {
    const guest = world.guests[input.guest ?? 0];
    const use = guest && radixGet(guest.tables, pageOf(input.gpa))?.uses[0];
    if (guest === undefined || use === undefined) continue;
    const word = Number(input.gpa % 4096n) >> 3;
    return placeIn(guest, use.shadow, use.base + word * 512 ** (use.level - 1));
  }
  return undefined;
}

/** The page that an event is about, where it is about one. */
export function placeOfEvent(timeline: Timeline, seq: number): UsedPage | undefined {
  const step = stepOfEvent(timeline, seq);
  if (step === undefined) return undefined;
  const own = step.facts[seq - step.seq - 1];
  const place = own && placeOfFact(step, own);
  if (place !== undefined) return place;
  const { input } = step;
  if ("device" in input && "iova" in input) {
    const { guest = 0, device, iova } = input;
    return { guest, device, page: pageOf(iova), pasid: "pasid" in input ? input.pasid : undefined };
  }
  const written = placeOfWrite(step);
  if (written !== undefined) return written;
  for (const fact of step.facts) {
    const found = shadowFacts.test(fact.type) ? placeOfFact(step, fact) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The fact of a step that changed a shadow, or the input itself. */
function changeIn(timeline: Timeline, seq: number): number {
  const step = stepOfEvent(timeline, seq);
  const index = step?.facts.findIndex(({ type }) => shadowFacts.test(type)) ?? -1;
  return step === undefined || index < 0 ? seq : step.seq + 1 + index;
}

/** What led to a time of a page's life, and what it led to. */
function linksOf(timeline: Timeline, interval: Interval): readonly Link[] {
  const { writer, announced, from, uses } = interval;
  const links: Link[] = [];
  const change = changeIn(timeline, from);
  if (writer !== undefined && announced !== undefined) {
    links.push({ from: writer, to: announced, name: "announced by" });
    links.push({ from: announced, to: change, name: "changed" });
  } else if (writer !== undefined && writer !== from) {
    links.push({ from: writer, to: change, name: "led to" });
  }
  if (uses.first !== undefined && interval.life.pendingSince === undefined) {
    links.push({ from: change, to: uses.first, name: "met by" });
  }
  return links;
}

/** The page as it is asked about: of a DMA its very address and its access. */
function askedAt(timeline: Timeline, seq: number, place: UsedPage): ChainView["asked"] {
  const step = stepOfEvent(timeline, seq);
  const input = step?.input;
  if (step === undefined || input === undefined || !("iova" in input)) return askedOf(place);
  const access = step.facts.find((one) => "access" in one);
  const known = access !== undefined && "access" in access ? access.access : undefined;
  return askedOf(place, known ?? "read", input.iova);
}

/** The page that an event is about, and which events led to which around it. */
export function* chainView(timeline: Timeline, seq: number): Long<ChainView> {
  const place = placeOfEvent(timeline, seq);
  if (place === undefined) return { asked: undefined, links: [] };
  const { intervals } = yield* tellLifeline(timeline, place);
  const cause = stepOfEvent(timeline, seq)?.seq ?? seq;
  const near = intervals.filter(
    ({ from, until, writer }) =>
      writer === seq || writer === cause || (from <= cause && cause <= (until ?? cause)),
  );
  // A DMA belongs to the time that it met; a write, to the time that it led to.
  const last = near.slice(-3);
  return {
    asked: askedAt(timeline, seq, place),
    links: last.flatMap((one) => linksOf(timeline, one)),
  };
}
