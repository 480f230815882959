import type { SourceId } from "../../events/address.ts";
import { formatSourceId, hex } from "../../events/address.ts";
import type { Input } from "../../events/input.ts";
import { at } from "../../events/registers/offset.ts";
import {
  deviceTlbOf,
  iotlbOfPage,
  memory,
  waitStatus,
  write,
} from "../../properties/examples/driver.ts";
import type { Move, State } from "../engine/configuration.ts";
import type { Binding, RevokeGhost } from "./revoke-ghost.ts";
import { fallenBack, withBinding, withOwner } from "./revoke-ghost.ts";
import type { Tables } from "./small-guest.ts";
import {
  dataPages,
  devices,
  domains,
  entryTo,
  gpaOf,
  iovaOf,
  iovaPages,
  leafOf,
  mapPage,
  outstanding,
  place,
  readRegister,
  submitted,
  unmapPage,
} from "./small-guest.ts";

/** A move of any of those who take part in a revocation. */
export type RevokeMove = Move<RevokeGhost>;
/** Where it is made. */
export type RevokeState = State<RevokeGhost>;

/** The one domain, of both devices. */
export const domain = domains[0] as Tables;
const queueErrors = 0x70n;

/** Descriptors that the driver leaves outstanding, at most. */
const mostOutstanding = 3;

const hasRoom = ({ world }: RevokeState): boolean => outstanding(world) < mostOutstanding;
const bindingOf = ({ ghost }: RevokeState, index: number): Binding | undefined =>
  ghost.bindings[index];
/** An IOVA as moves name it. */
export const iovaText = (index: number): string => hex(iovaOf(index));
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

const none: readonly Input[] = [];

function mapping(index: number, page: number): RevokeMove {
  const writes = [memory(leafOf(domain, index), entryTo(dataPages[page] ?? 0))];
  return {
    actor: "driver",
    says: `The driver takes page ${pageText(page)} and maps IOVA ${iovaText(index)} to it.`,
    inputs: ({ ghost }) =>
      ghost.bindings[index] === undefined && ghost.owners[page] === "other" ? writes : none,
    knows: (ghost) =>
      withBinding(withOwner(ghost, page, "device"), index, {
        page,
        stage: "mapped",
        isKnown: false,
      }),
  };
}

function driverOnIova(index: number): readonly RevokeMove[] {
  const clears = [memory(leafOf(domain, index), 0n)];
  const invalidation = iotlbOfPage(domain.did, iovaOf(index));
  return [
    ...dataPages.map((_, page) => mapping(index, page)),
    onBinding(
      `The driver clears the entry of IOVA ${iovaText(index)}.`,
      index,
      ({ stage }) => (stage === "mapped" ? clears : none),
      (binding) => ({ ...binding, stage: "cleared", isKnown: false }),
    ),
    onBinding(
      `The driver submits an IOTLB invalidation of IOVA ${iovaText(index)}.`,
      index,
      ({ isKnown }, state) =>
        !isKnown && hasRoom(state) ? submitted(state.world, invalidation) : none,
      ({ page, stage }) => ({
        page,
        stage: stage === "cleared" ? "announced" : stage,
        isKnown: true,
      }),
    ),
    ...[devices, devices.toReversed()].map((order) => forgetting(index, order)),
  ];
}

/** The driver has the devices forget an IOVA, in an order. */
function forgetting(index: number, order: readonly SourceId[]): RevokeMove {
  const descriptors = order.map((device) => deviceTlbOf(device) | (iovaOf(index) << 64n));
  return onBinding(
    `The driver submits device-TLB invalidations of IOVA ${iovaText(index)} for ` +
      `${order.map(formatSourceId).join(" and ")}.`,
    index,
    ({ stage }, state) =>
      stage === "announced" && hasRoom(state) ? submitted(state.world, ...descriptors) : none,
    (binding) => ({ ...binding, stage: "forgotten" }),
  );
}

const waits = waitStatus(gpaOf(place.status), 1);
const clearsStatus = memory(gpaOf(place.status), 0n);
const clearsErrors = [write(at.fsts, queueErrors)];

/** What the driver may do. */
export const driver: readonly RevokeMove[] = [
  ...iovaPages.flatMap((_, index) => driverOnIova(index)),
  {
    actor: "driver",
    says: "The driver submits a wait that writes a status.",
    inputs: (state) =>
      !state.ghost.isWaiting &&
      hasRoom(state) &&
      state.ghost.bindings.some((one) => one?.stage === "forgotten")
        ? [clearsStatus, ...submitted(state.world, waits)]
        : none,
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
      (readRegister(world, at.fsts) & queueErrors) === 0n ? none : clearsErrors,
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

/** The ghost of a move that nobody but the model sees. */
export const unchanged = (ghost: RevokeGhost): RevokeGhost => ghost;

/** What the host may do. */
export const host: readonly RevokeMove[] = dataPages.flatMap((gfn, page): readonly RevokeMove[] => {
  const takes = [unmapPage(0, gfn), mapPage(1, gfn)];
  const gives = [unmapPage(1, gfn), mapPage(0, gfn)];
  return [
    {
      actor: "host",
      says: `The host takes page ${pageText(page)} and gives its frame to another guest.`,
      inputs: ({ ghost }) => (ghost.frames[page] === 0 ? takes : none),
      knows: unchanged,
    },
    {
      actor: "host",
      says: `The host gives the frame of page ${pageText(page)} back.`,
      inputs: ({ ghost }) => (ghost.frames[page] === 1 ? gives : none),
      knows: unchanged,
    },
  ];
});
