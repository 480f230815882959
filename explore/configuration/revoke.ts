import type { Iova, SourceId } from "../../events/address.ts";
import { formatSourceId, hex } from "../../events/address.ts";
import type { Input } from "../../events/input.ts";
import { at } from "../../events/registers/offset.ts";
import { heldAt, tlbAt } from "../../projections/device/device-tlb.ts";
import {
  deviceTlbOf,
  iotlbOfPage,
  memory,
  waitStatus,
  write,
} from "../../properties/examples/driver.ts";
import type { Configuration, Move, State } from "../engine/configuration.ts";
import type { Binding, RevokeGhost } from "./revoke-ghost.ts";
import {
  fallenBack,
  judgeRevoke,
  revokeStart,
  tellRevoke,
  withBinding,
  withOwner,
} from "./revoke-ghost.ts";
import type { Tables } from "./small-guest.ts";
import {
  contextOf,
  contextTo,
  dataPages,
  devices,
  domains,
  entryTo,
  frameOf,
  gpaOf,
  iovaOf,
  iovaPages,
  leafOf,
  mapPage,
  outstanding,
  place,
  readRegister,
  smallGuest,
  submitted,
  tableRoles,
  turnOn,
  unmapPage,
  upperTables,
} from "./small-guest.ts";

type RevokeMove = Move<RevokeGhost>;
type RevokeState = State<RevokeGhost>;

const domain = domains[0] as Tables;
const queueErrors = 0x70n;

/** Descriptors that the driver leaves outstanding, at most. */
const mostOutstanding = 3;

const hasRoom = ({ world }: RevokeState): boolean => outstanding(world) < mostOutstanding;
const bindingOf = ({ ghost }: RevokeState, index: number): Binding | undefined =>
  ghost.bindings[index];
const iovaText = (index: number): string => hex(iovaOf(index));
const pageText = (page: number): string => hex(BigInt(dataPages[page] ?? 0));

/** A move on one binding: possible when `inputs` has some, and then it is what `next` says. */
function onBinding(
  says: string,
  index: number,
  inputs: (binding: Binding, state: RevokeState) => readonly Input[],
  next: (binding: Binding) => Binding,
): RevokeMove {
  return {
    actor: "driver",
    says,
    inputs: (state) => {
      const binding = bindingOf(state, index);
      return binding === undefined ? [] : inputs(binding, state);
    },
    knows: (ghost) => {
      const binding = ghost.bindings[index];
      return binding === undefined ? ghost : withBinding(ghost, index, next(binding));
    },
  };
}

const mapping = (index: number, page: number): RevokeMove => ({
  actor: "driver",
  says: `The driver takes page ${pageText(page)} and maps IOVA ${iovaText(index)} to it.`,
  inputs: ({ ghost }) =>
    ghost.bindings[index] === undefined && ghost.owners[page] === "other"
      ? [memory(leafOf(domain, index), entryTo(dataPages[page] ?? 0))]
      : [],
  knows: (ghost) =>
    withBinding(withOwner(ghost, page, "device"), index, {
      page,
      stage: "mapped",
      isKnown: false,
    }),
});

const driverOnIova = (index: number): readonly RevokeMove[] => [
  ...dataPages.map((_, page) => mapping(index, page)),
  onBinding(
    `The driver clears the entry of IOVA ${iovaText(index)}.`,
    index,
    ({ stage }) => (stage === "mapped" ? [memory(leafOf(domain, index), 0n)] : []),
    (binding) => ({ ...binding, stage: "cleared", isKnown: false }),
  ),
  onBinding(
    `The driver submits an IOTLB invalidation of IOVA ${iovaText(index)}.`,
    index,
    ({ isKnown }, state) =>
      !isKnown && hasRoom(state)
        ? submitted(state.world, iotlbOfPage(domain.did, iovaOf(index)))
        : [],
    ({ page, stage }) => ({
      page,
      stage: stage === "cleared" ? "announced" : stage,
      isKnown: true,
    }),
  ),
  ...[devices, devices.toReversed()].map((order) =>
    onBinding(
      `The driver submits device-TLB invalidations of IOVA ${iovaText(index)} for ` +
        `${order.map(formatSourceId).join(" and ")}.`,
      index,
      ({ stage }, state) =>
        stage === "announced" && hasRoom(state)
          ? submitted(
              state.world,
              ...order.map((device) => deviceTlbOf(device) | (iovaOf(index) << 64n)),
            )
          : [],
      (binding) => ({ ...binding, stage: "forgotten" }),
    ),
  ),
];

const driver: readonly RevokeMove[] = [
  ...iovaPages.flatMap((_, index) => driverOnIova(index)),
  {
    actor: "driver",
    says: "The driver submits a wait that writes a status.",
    inputs: (state) =>
      !state.ghost.isWaiting &&
      hasRoom(state) &&
      state.ghost.bindings.some((one) => one?.stage === "forgotten")
        ? [
            memory(gpaOf(place.status), 0n),
            ...submitted(state.world, waitStatus(gpaOf(place.status), 1)),
          ]
        : [],
    knows: (ghost) => ({
      ...ghost,
      isWaiting: true,
      bindings: ghost.bindings.map((one) =>
        one?.stage === "forgotten" ? { ...one, stage: "waited" as const } : one,
      ),
    }),
  },
  {
    actor: "driver",
    says: "The driver sees the queue's error and clears it.",
    inputs: ({ world }) =>
      (readRegister(world, at.fsts) & queueErrors) === 0n ? [] : [write(at.fsts, queueErrors)],
    knows: fallenBack,
  },
  ...dataPages.map(
    (_, page): RevokeMove => ({
      actor: "driver",
      says: `The driver gives page ${pageText(page)} to somebody else.`,
      inputs: ({ ghost }) =>
        ghost.owners[page] === "free"
          ? [{ type: "Note", text: `Page ${pageText(page)} belongs to somebody else.` }]
          : [],
      knows: (ghost) => withOwner(ghost, page, "other"),
    }),
  ),
];

const unchanged = (ghost: RevokeGhost): RevokeGhost => ghost;

const host: readonly RevokeMove[] = dataPages.flatMap((gfn, page): readonly RevokeMove[] => [
  {
    actor: "host",
    says: `The host takes page ${pageText(page)} and gives its frame to another guest.`,
    inputs: ({ ghost }) => (ghost.frames[page] === 0 ? [unmapPage(0, gfn), mapPage(1, gfn)] : []),
    knows: unchanged,
  },
  {
    actor: "host",
    says: `The host gives the frame of page ${pageText(page)} back.`,
    inputs: ({ ghost }) => (ghost.frames[page] === 1 ? [unmapPage(1, gfn), mapPage(0, gfn)] : []),
    knows: unchanged,
  },
]);

/** Whether a device's own TLB has a page that it may write. */
function holds({ world: { guests } }: RevokeState, device: SourceId, index: number): boolean {
  const [guest] = guests;
  if (guest === undefined) return false;
  const ask = { write: true, execute: false, privileged: false };
  return heldAt(tlbAt(guest.deviceTlbs, device, undefined), iovaPages[index] ?? 0, ask) !== 0;
}

/** The lowest tag of a device's that is free, if it may have one more request on its way. */
function freeTag({ world: { guests } }: RevokeState, tags: readonly number[]): number | undefined {
  return tags.find((tag) => guests[0]?.inFlight[tag] === undefined);
}

const owes = ({ world: { guests } }: RevokeState, device?: SourceId): boolean =>
  guests[0]?.queue.unanswered.some((one) => device === undefined || one.device === device) ?? false;

/** What a device may do. */
interface DevicePowers {
  /** Requests that it has on their way, at most. */
  readonly flights: 1 | 2;
  /** It may fail to do what an invalidation asks for, and say so. */
  readonly fails: boolean;
}

type Says = (says: string, inputs: RevokeMove["inputs"]) => RevokeMove;

/** Requests for one IOVA. */
function requestsFor(
  device: SourceId,
  index: number,
  tags: readonly number[],
  move: Says,
): readonly RevokeMove[] {
  const iova = iovaOf(index) as Iova;
  const issue = (state: RevokeState, translated: boolean): readonly Input[] => {
    const tag = freeTag(state, tags);
    if (tag === undefined) return [];
    const request = { type: "DmaIssue", tag, device, iova, access: "write", length: 8 } as const;
    return [translated ? { ...request, translated } : request];
  };
  return [
    move(`sends a write to IOVA ${iovaText(index)}.`, (state) => issue(state, false)),
    move(`sends a write by its own TLB to IOVA ${iovaText(index)}.`, (state) =>
      holds(state, device, index) ? issue(state, true) : [],
    ),
    move(`asks for a translation of IOVA ${iovaText(index)}.`, (state) =>
      holds(state, device, index) ? [] : [{ type: "AtsRequest", device, iova, access: "write" }],
    ),
  ];
}

const whichWrite = ["its write", "its other write"] as const;

function deviceMoves(
  device: SourceId,
  number: number,
  { flights, fails }: DevicePowers,
): readonly RevokeMove[] {
  const tags = whichWrite.slice(0, flights).map((_, flight) => number * whichWrite.length + flight);
  const move: Says = (says, inputs) => ({
    actor: "device",
    says: `Device ${formatSourceId(device)} ${says}`,
    inputs,
    knows: unchanged,
  });
  const results = fails ? (["done", "failed"] as const) : (["done"] as const);
  return [
    ...iovaPages.flatMap((_, index) => requestsFor(device, index, tags, move)),
    ...tags.map((tag, flight) =>
      move(`has ${whichWrite[flight] ?? ""} land.`, ({ world: { guests } }) =>
        guests[0]?.inFlight[tag] === undefined ? [] : [{ type: "DmaComplete", tag }],
      ),
    ),
    ...results.map((result) =>
      move(
        result === "done"
          ? "forgets what it is asked to, and answers."
          : "fails to forget what it is asked to, and says so.",
        (state) => (owes(state, device) ? [{ type: "DeviceTlbAnswer", device, result }] : []),
      ),
    ),
  ];
}

const unit: readonly RevokeMove[] = [
  {
    actor: "unit",
    says: "The unit gives up waiting for answers.",
    inputs: (state) => (owes(state) ? [{ type: "InvalidationTimeout" }] : []),
    knows: unchanged,
  },
];

/** Revoke, drain, reuse, with devices that may do more or less. */
const revokeWith = (
  name: string,
  question: string,
  powers: DevicePowers,
): Configuration<RevokeGhost> => ({
  name,
  question,
  setup: { guests: [smallGuest(), smallGuest({ p2m: [], devices: [] })] },
  boot: [
    ...upperTables(domain),
    ...devices.map((device) => memory(contextOf(device), ...contextTo(domain, true))),
    ...turnOn,
  ],
  layout: { pages: tableRoles([domain]), rolling: true },
  alike: [
    { source: devices },
    { iova: iovaPages },
    { gfn: [dataPages], hfn: [dataPages.map(frameOf)] },
  ],
  ghost: revokeStart,
  moves: [
    ...driver,
    ...host,
    ...devices.flatMap((device, number) => deviceMoves(device, number, powers)),
    ...unit,
  ],
  laws: ["IS1", "SH3", "QU1", "QU2", "IV4", "FA2"],
  sometimes: [
    ...["landed", "landed while cleared", "landed while announced", "landed while forgotten"],
    ...["landed while waited", "confirmed", "wait aborted"],
  ],
  judge: judgeRevoke,
  tell: tellRevoke,
});

/** Two devices, two pages, two IOVAs; a device has one request on its way at most. */
export const revoke = revokeWith(
  "revoke",
  "Can a device reach a page after the driver took it back and was told that nobody uses it, " +
    "or after the host gave it to another guest?",
  { flights: 1, fails: false },
);

/** The same with more. */
export const revokeLarge = revokeWith(
  "revoke-large",
  "The question of revoke, with two requests of each device on their way and devices that fail " +
    "to answer invalidations.",
  { flights: 2, fails: true },
);
