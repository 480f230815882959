import type { Field } from "../../events/field.ts";
import {
  bytes,
  count,
  device,
  flag,
  gpaField,
  integer,
  iovaField,
  list,
  oneOf,
  optional,
  wideWord,
  word,
} from "../../events/field.ts";
import { pasid } from "../../events/input.ts";
import type { PageTree } from "../../tables/page-tree.ts";
import type { Device } from "../device/devices.ts";
import type { VirtualCache } from "../device/virtual-cache.ts";
import type { CachedTable, Space } from "../first-stage/space.ts";
import type { Guest, InFlight } from "../guest.ts";
import type { InterruptTable, KnownEntry } from "../interrupt/interrupts.ts";
import type { TablePlace, TableUse } from "../memory/table-use.ts";
import type { Shadow } from "../shadow/shadow.ts";
import type { SavedTlbs } from "./save-device.ts";
import { pageRequestsField, tlbsField } from "./save-device.ts";
import type { FieldsOf } from "./save-field.ts";
import { fieldOf, keyed, numberLists, radixField, whole } from "./save-field.ts";
import type { FrameRun } from "./save-frames.ts";
import type { NodeReader, NodeWriter } from "./save-tree.ts";
import { treeField } from "./save-tree.ts";
import type { SavedCharts, SavedQueue } from "./save-unit.ts";
import { charts, domain, faults, hostEntry, page, queue } from "./save-unit.ts";

/** What is kept of a shadow: no host address; of the host's tables the shape alone. */
export type SavedShadow = Omit<Shadow, "host" | "iotlb"> & {
  readonly host: number;
  readonly iotlb: readonly FrameRun[];
};

/**
 * What is kept of a first stage: of entries with host pages the guest pages, in `iotlb`; of a
 * device model's the entries, in `told`. One of the two is empty.
 */
export type SavedSpace = Omit<Space, "iotlb"> & {
  readonly iotlb: readonly (readonly FrameRun[])[];
  readonly told: readonly PageTree[];
};

/** What is kept of a request in flight. */
export type SavedFlight = Omit<InFlight, "hpa">;

/** What is not part of a record: what the host has by itself. */
type Outside =
  | ("index" | "profile" | "offered" | "memory" | "p2m" | "devices")
  | ("hostEpoch" | "keptOut" | "dirtyTracking");

/** Everything of a guest that a record keeps. */
export type SavedState = Omit<
  Guest,
  | Outside
  | "shadows"
  | "spaces"
  | "passThroughCache"
  | "inFlight"
  | "charts"
  | "queue"
  | "deviceTlbs"
> & {
  readonly charts: SavedCharts;
  readonly queue: SavedQueue;
  readonly shadows: Readonly<Record<number, SavedShadow>>;
  readonly spaces: Readonly<Record<number, SavedSpace>>;
  readonly passThroughCache: readonly FrameRun[];
  readonly inFlight: Readonly<Record<number, SavedFlight>>;
  readonly deviceTlbs: SavedTlbs;
};

const levels = integer(3, 5);

const frameRuns = fieldOf<readonly FrameRun[]>(
  "runs",
  (runs) => runs,
  (raw) => numberLists.fromJson(raw) as unknown as readonly FrameRun[],
);

const interruptTable = whole<InterruptTable>({ address: word, count, eime: flag });
const knownEntry = whole<KnownEntry>({ entry: wideWord, since: count });

const tableUse = whole<TableUse>({
  uses: list(whole<TablePlace>({ shadow: count, level: integer(1, 5), base: page })),
  shared: list(count),
  context: flag,
});

const cachedTable = whole<CachedTable>({ page, rights: integer(0, 7) });

const flight = whole<SavedFlight>({
  device,
  access: oneOf("read", "write"),
  pasid: optional(pasid),
  translated: flag,
  shadow: optional(count),
  space: optional(count),
  iova: iovaField,
  gpa: optional(gpaField),
  length: integer(1, 4096),
  bytes: optional(bytes),
});

/** The devices of a guest, in the record so that a host without them is told apart. */
export const devicesField = radixField(
  whole<Device>({ source: device, physical: flag, requester: device }),
);

/** How the state of a guest is written; trees go to, or come from, the nodes beside it. */
export function stateFields(nodes: NodeWriter | NodeReader): FieldsOf<SavedState> {
  const [guestTree, placeTree] = [treeField(nodes, "guest"), treeField(nodes, "place")];
  const eventTree = treeField(nodes, "event");
  const shadow = whole<SavedShadow>({
    id: count,
    did: domain,
    root: page,
    levels,
    stage: guestTree,
    host: fieldOf("shape", (value: number) => value, integer(-(2 ** 40), 0).fromJson),
    pending: eventTree,
    places: placeTree,
    iotlb: frameRuns,
  });
  const space = whole<SavedSpace>({
    id: count,
    did: domain,
    pasid,
    root: page,
    levels: integer(4, 5) as Field<4 | 5>,
    wpe: flag,
    nxe: flag,
    smep: flag,
    eafe: flag,
    shadow: optional(count),
    second: optional(whole({ root: page, levels })),
    virtual: flag,
    since: count,
    iotlb: list(frameRuns),
    told: list(guestTree),
    tables: list(radixField(cachedTable)),
  });
  const virtualCache = whole<VirtualCache>({
    did: domain,
    root: page,
    levels,
    entries: guestTree,
    since: eventTree,
  });
  return {
    base: gpaField,
    registers: list(word),
    charts,
    rootPointer: word,
    compatibilityInterrupts: flag,
    interruptTable,
    interruptCache: radixField(knownEntry),
    queue,
    faults,
    tables: radixField(tableUse),
    hosts: radixField(hostEntry),
    shadows: keyed(shadow),
    nextShadow: count,
    spaces: keyed(space),
    nextSpace: count,
    passThroughCache: frameRuns,
    virtualCaches: list(virtualCache),
    inFlight: keyed(flight),
    deviceTlbs: tlbsField(guestTree),
    pageRequests: pageRequestsField,
  };
}
