import { formatSourceId } from "../../events/address.ts";
import type { Chunk } from "../../history/columns/chunk.ts";
import { eventNames } from "../../history/columns/event-column.ts";
import type { Lane, LaneKind } from "../protocol.ts";
import { sharedKey } from "../protocol.ts";

/** Which events go to which lane: the first that fits. */
const kinds: readonly (readonly [LaneKind, RegExp])[] = [
  ["pages", /^Page/],
  ["faults", /^(Fault|OverflowCleared)/],
  ["interrupts", /^(Interrupt|Event|Notification|IoapicRequest|MsiRequest)/],
  ["device", /^(Dma|Ats|Device(Translat|Tlb)|Translation(Answered|Blocked))/],
  ["queue", /^(Queue|Descriptor|Wait|Completion|InvalidationTimeout|Commands?|DeviceTlbs)/],
  ["queue", /Invalidated$/],
  ["shadow", /^(Shadow|Table|HostIotlb|HostDeviceTlb)/],
  ["entries", /^(HostEntry|Context|RootPointer|FirstStage|Translation(En|Dis))/],
  ["toolstack", /^(P2m|Unit|Device(Assign|Remove)|Note)/],
];

/** The kind of lane of each event's name, by its number. */
export const kindOfEvent: readonly LaneKind[] = eventNames.map(
  (name) => kinds.find(([, of]) => of.test(name))?.[0] ?? "cpu",
);

const alarming = new RegExp(
  [
    "^InputRefused$|^Fault(Recorded|Dropped|Overflowed)$|^DeviceTlbsGivenUp$",
    "(Blocked|Halted|Aborted|Dropped|Failed)$|^PageRequestsOverflowed$",
  ].join("|"),
);
// A shadow that says "no access" is no alarm; a DMA that meets it is.
const quiet = /^(ShadowBlocked|HostEntryDropped|ShadowDropped|FirstStageDropped)$/;

/** Whether an event of each name is one to look at, by its number. */
export const isBadEvent: readonly boolean[] = eventNames.map(
  (name) => alarming.test(name) && !quiet.test(name),
);

const names: Readonly<Record<LaneKind, string>> = {
  cpu: "guest CPU",
  toolstack: "toolstack",
  device: "device",
  queue: "queue",
  entries: "entries",
  shadow: "shadow",
  faults: "faults",
  interrupts: "interrupts",
  pages: "page requests",
  stale: "stale",
};

const order: readonly LaneKind[] = Object.keys(names) as LaneKind[];

/** Guest and device of a lane's key; those that share a lane come last. */
const placeOf = ({ key }: Lane): number => {
  const [guest, , device] = key.split("/").map(Number);
  const place = (guest ?? 0) * 65_536 + (device ?? 0);
  return Number.isNaN(place) ? Number.MAX_SAFE_INTEGER : place;
};
const sorted = (a: Lane, b: Lane): number =>
  order.indexOf(a.kind) - order.indexOf(b.kind) || placeOf(a) - placeOf(b);

/** Lanes of their own; what comes after so many shares one lane for each kind. */
const mostLanes = 64;

/** The lanes of a run, as events for them come. */
export interface Lanes {
  readonly found: Lane[];
  readonly byNumber: Map<number, number>;
  /** Places in the order in which they are shown, as of so many lanes. */
  shown: readonly number[];
}

export const newLanes = (): Lanes => ({ found: [], byNumber: new Map(), shown: [] });

const kindCount = order.length;

/** The lane of an event of a chunk, by its place in `found`; made when it is the first one. */
export function laneAt(lanes: Lanes, chunk: Chunk, at: number): number {
  const kind = kindOfEvent[chunk.event[at] as number] as LaneKind;
  const guest = chunk.plain.guest?.[at] ?? 0;
  const device = kind === "device" ? (chunk.plain.device?.[at] ?? 0) : 0;
  return laneOf(lanes, kind, guest, device);
}

/** The lane of some guest's events of a kind. */
export function laneOf(lanes: Lanes, kind: LaneKind, guest: number, device = 0): number {
  const number = (guest * 65_536 + device) * kindCount + order.indexOf(kind);
  const known = lanes.byNumber.get(number);
  if (known !== undefined) return known;
  if (lanes.found.length >= mostLanes) return sharedLane(lanes, kind, number);
  const what = kind === "device" ? formatSourceId(device) : names[kind];
  const name = guest === 0 ? what : `${what} · guest ${guest.toString()}`;
  lanes.found.push({ key: `${guest.toString()}/${kind}/${device.toString()}`, kind, name });
  lanes.byNumber.set(number, lanes.found.length - 1);
  return lanes.found.length - 1;
}

/** The lane of all devices, or guests, that have none of their own. */
function sharedLane(lanes: Lanes, kind: LaneKind, number: number): number {
  const key = sharedKey(kind);
  const known = lanes.found.findIndex((lane) => lane.key === key);
  const place = known < 0 ? lanes.found.length : known;
  if (known < 0) {
    const name = kind === "device" ? "other devices" : `${names[kind]} · others`;
    lanes.found.push({ key, kind, name });
  }
  // A hostile log has a million; those of so many are looked up anew.
  if (lanes.byNumber.size < 100_000) lanes.byNumber.set(number, place);
  return place;
}

/** The places of lanes in the order in which they are shown. */
export function shownOrder(lanes: Lanes): readonly number[] {
  const { found } = lanes;
  if (lanes.shown.length === found.length) return lanes.shown;
  lanes.shown = found
    .map((lane, place) => ({ lane, place }))
    .sort((a, b) => sorted(a.lane, b.lane))
    .map(({ place }) => place);
  return lanes.shown;
}
