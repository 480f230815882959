import type { SourceId } from "../events/address.ts";
import { formatSourceId, hex, pageOf } from "../events/address.ts";
import type { Fact, FactOf } from "../events/fact.ts";
import { deviceAt } from "../projections/device/devices.ts";
import type { Guest } from "../projections/guest.ts";
import { isReached } from "../projections/memory/table-use.ts";
import { shadowAt } from "../projections/shadow/shadow.ts";
import type { World } from "../projections/world.ts";
import { frameOf, hasFrame } from "../tables/mapping.ts";
import { ownerGuest } from "../tables/p2m.ts";
import type { PageTree } from "../tables/page-tree.ts";
import { emptyTree, fill, get } from "../tables/page-tree.ts";
import { forEachRun } from "../tables/page-tree-range.ts";
import { radixGet } from "../tables/radix.ts";
import type { Note } from "./finding.ts";
import { eventText } from "./harm.ts";
import type { Moment } from "./moment.ts";
import { factSeq } from "./moment.ts";

/** Follows where requests land. */
export interface ReachCheck {
  readonly follow: (moment: Moment) => void;
  /** Looks at a fact as the host says it, in the world around it. */
  readonly landed: (fact: Fact, seq: number, world: World) => void;
  readonly open: (note: Note) => void;
}

/** Requests that reached what they should not, of one device and page. */
interface Reached {
  readonly found: Parameters<Note>[0];
  count: number;
}

/** The host frames that a guest has lost, by the event that took them. */
function lostBy(lost: PageTree, { p2m }: Guest, { step }: Moment): PageTree {
  const { input, seq } = step;
  if (input.type !== "P2mUnmap" && input.type !== "P2mMap") return lost;
  const first = pageOf(input.gpa);
  let tree = lost;
  forEachRun(p2m, first, first + Number(input.length >> 12n), (_page, count, value) => {
    if (hasFrame(value)) tree = fill(tree, frameOf(value), frameOf(value) + count, seq);
  });
  return tree;
}

/** Follows one guest. */
export function startReach(index: number): ReachCheck {
  const reached = new Map<string, Reached>();
  let lost = emptyTree(5, false);
  const add = (key: string, found: Reached["found"]): void => {
    const old = reached.get(key);
    if (old === undefined) reached.set(key, { found, count: 1 });
    else old.count += 1;
  };
  const landed = (fact: Fact, seq: number, world: World): void => {
    if (fact.type !== "DmaTranslated" || fact.hpa === undefined) return;
    const hfn = pageOf(fact.hpa);
    const owner = get(world.owners, hfn);
    if (owner !== 0 && ownerGuest(owner) === index) return;
    const taken = get(lost, hfn);
    const request = `${formatSourceId(fact.device)}: the ${fact.access} at ${hex(fact.iova)}`;
    const what = `${request} reached host page ${hex(BigInt(hfn) << 12n)}`;
    const whose =
      owner === 0 ? "which nobody was granted" : `which is guest ${ownerGuest(owner).toString()}'s`;
    const then = taken === 0 ? whose : `which the P2M had taken away at ${eventText(taken)}`;
    add(`${fact.device} ${hfn}`, {
      rule: taken === 0 ? "outside-grant" : "removal-without-effect",
      at: seq,
      guest: index,
      device: fact.device,
      pasid: fact.pasid,
      iova: { first: fact.iova & ~0xfffn, end: (fact.iova & ~0xfffn) + 4096n },
      text: `${what}, ${then}`,
      evidence: [
        ...(taken === 0 ? [] : [{ at: taken, text: "the P2M takes the page away" }]),
        { at: seq, text: "the request is translated" },
      ],
    });
  };
  return {
    follow: (moment) => {
      const { step, before } = moment;
      lost = lostBy(lost, before, moment);
      for (let place = 0; place < step.facts.length; place++) {
        const fact = step.facts[place] as Fact;
        if (fact.type === "DmaTranslated") {
          landed(fact, factSeq(step, place), step.before);
          untranslated(before, fact, factSeq(step, place), add);
        } else if (fact.type === "DmaLanded") ontoTables(before, fact, factSeq(step, place), add);
        else if (fact.type === "HostEntryChanged") passThrough(moment, fact, place, add);
      }
    },
    landed,
    open: (note) => {
      for (const { found, count } of reached.values()) note({ ...found, count });
    },
  };
}

type Add = (key: string, found: Reached["found"]) => void;

const isPhysical = (guest: Guest, device: SourceId): boolean =>
  deviceAt(guest, device)?.physical === true;

function untranslated(guest: Guest, fact: FactOf<"DmaTranslated">, seq: number, add: Add): void {
  if (guest.charts.translation === "enabled" || !isPhysical(guest, fact.device)) return;
  add(`off ${fact.device}`, {
    rule: "untranslated-use",
    at: seq,
    guest: guest.index,
    device: fact.device,
    text: `${formatSourceId(fact.device)} used ${hex(fact.iova)} while translation was off`,
    evidence: [{ at: seq, text: "the request goes by the P2M alone" }],
  });
}

function ontoTables(guest: Guest, fact: FactOf<"DmaLanded">, seq: number, add: Add): void {
  if (fact.access !== "write" || fact.gpa === undefined) return;
  const gfn = pageOf(fact.gpa);
  const use = radixGet(guest.tables, gfn);
  if (use === undefined || guest.charts.translation !== "enabled") return;
  const isTable = use.uses.some((one) => {
    const shadow = shadowAt(guest, one.shadow);
    return shadow !== undefined && isReached(guest.p2m, guest.memory, shadow, one, gfn);
  });
  if (!isTable && use.shared.length === 0) return;
  const page = hex(BigInt(gfn) << 12n);
  add(`tables ${fact.device} ${gfn}`, {
    rule: "tables-in-reach",
    at: seq,
    guest: guest.index,
    device: fact.device,
    text: `${formatSourceId(fact.device)} wrote to ${page}, which is a table of a second stage`,
    evidence: [{ at: seq, text: "the write lands in the table" }],
  });
}

function passThrough(
  { after, step }: Moment,
  fact: FactOf<"HostEntryChanged">,
  place: number,
  add: Add,
): void {
  if (fact.state !== "passThrough" || after.charts.translation !== "enabled") return;
  if (!isPhysical(after, fact.source)) return;
  const seq = factSeq(step, place);
  const pasid = fact.pasid === undefined ? "" : ` with PASID ${hex(fact.pasid)}`;
  const whose = `the entry of ${formatSourceId(fact.source)}${pasid}`;
  add(`pass ${fact.source} ${fact.pasid ?? ""}`, {
    rule: "pass-through",
    at: seq,
    guest: after.index,
    device: fact.source,
    pasid: fact.pasid,
    domain: fact.did,
    text: `${whose} says pass-through: its requests reach all of the guest's memory`,
    evidence: [{ at: seq, text: "the host takes over the entry" }],
  });
}
