import { gpa as gpaOf, pageOf } from "../events/address.ts";
import type { Fact } from "../events/fact.ts";
import type { Input, InputOf } from "../events/input.ts";
import { deviceAt, deviceBehind } from "../projections/device/devices.ts";
import { putInput, worldOf } from "../projections/evolve.ts";
import { hostAt } from "../projections/host/host-entry.ts";
import { readBytes } from "../projections/registers/registers.ts";
import type { World } from "../projections/world.ts";
import { readable, writable } from "../tables/mapping.ts";
import { translateForDevice } from "./device/device-translate.ts";
import type { Dma } from "./device/dma.ts";
import { requestDma } from "./device/dma.ts";
import { drain, land } from "./device/in-flight.ts";
import { requestTranslated } from "./device/translated-request.ts";
import { requestTranslation } from "./device/translation-request.ts";
import { dropUnusedShadows, refreshHosts } from "./host/attach.ts";
import { hostCallFailed, hostFault, hostRelease, trackDirty } from "./host/host-input.ts";
import { ioapicRequest, msiRequest } from "./interrupt/interrupt-input.ts";
import {
  allOnes,
  createUnit,
  destroyUnit,
  queryUnit,
  resetUnit,
  stepLife,
} from "./life/life-cycle.ts";
import { restoreUnit, saveUnit } from "./life/save.ts";
import { mapP2m, protectP2m, unmapP2m } from "./memory/p2m.ts";
import { requestPage } from "./page-request/page-request.ts";
import { deviceTlbAnswered, giveUp, resume } from "./queue/queue.ts";
import { writeRegisters } from "./registers/register-write.ts";
import type { Turn, Watch } from "./turn.ts";
import { guestIn, newTurn, record, refuse } from "./turn.ts";

/** The world after an input and all that follows from it. */
export interface Folded {
  readonly world: World;
  /** In order; their numbers follow the input's. */
  readonly facts: readonly Fact[];
}

/** Whether there is a unit whose registers answer; if not, a write is refused. */
function hasRegisters(turn: Turn): boolean {
  return guestIn(turn).charts.life === "present";
}

function writeRegister(turn: Turn, { offset, size, value }: InputOf<"RegisterWrite">): void {
  if (hasRegisters(turn)) writeRegisters(turn, offset, size, value);
  else stepLife(turn, { type: "Access" });
}

function readRegister(turn: Turn, { offset, size }: InputOf<"RegisterRead">): void {
  const value = hasRegisters(turn) ? readBytes(guestIn(turn), offset, size) : allOnes(size);
  record(turn, { type: "RegisterAnswered", offset, size, value });
}

/** The bytes that the P2M does not let the CPU write are lost; the others are written already. */
function noteDropped(turn: Turn, { gpa, bytes }: InputOf<"MemoryWrite">): void {
  const { p2m } = guestIn(turn);
  const end = gpa + BigInt(bytes.length);
  for (let from: bigint = gpa; from < end; from = (from | 0xfffn) + 1n) {
    if (writable(p2m, pageOf(from))) continue;
    const next = (from | 0xfffn) + 1n;
    const length = (next < end ? next : end) - from;
    const why = readable(p2m, pageOf(from)) ? "readOnly" : "hole";
    record(turn, { type: "MemoryWriteDropped", gpa: gpaOf(from), length, why });
  }
}

function assignDevice(turn: Turn, input: InputOf<"DeviceAssign">): void {
  const guest = guestIn(turn);
  const requester = input.alias ?? input.device;
  if (deviceAt(guest, input.device) !== undefined) {
    refuse(turn, "device assign: the source-id is taken");
    return;
  }
  const other = deviceBehind(guest, requester);
  if (other !== undefined && other.physical !== input.physical) {
    refuse(turn, "device assign: a device of the other kind uses the alias");
    return;
  }
  const { device, physical, alias } = input;
  record(turn, {
    type: "DeviceAssigned",
    device,
    physical,
    ...(alias === undefined ? {} : { alias }),
  });
  if (hostAt(guest.hosts, requester, undefined) === undefined)
    refreshHosts(turn, [{ source: requester }]);
}

/**
 * The device is gone: what it had in flight has landed, and nobody waits for its answers any more.
 */
function removeDevice(turn: Turn, { device }: InputOf<"DeviceRemove">): void {
  if (deviceAt(guestIn(turn), device) === undefined) {
    refuse(turn, "device remove: there is no such device");
    return;
  }
  drain(turn, (flight) => flight.device === device);
  record(turn, { type: "DeviceRemoved", device });
  dropUnusedShadows(turn);
  resume(turn);
}

function sendDma(turn: Turn, dma: Dma): void {
  if (dma.translated === true) requestTranslated(turn, dma);
  else requestDma(turn, dma);
}

/** What each input sets going; those that are missing act by themselves or not at all. */
const handlers: {
  readonly [T in Input["type"]]?: (turn: Turn, input: InputOf<T>) => void;
} = {
  RegisterWrite: writeRegister,
  RegisterRead: readRegister,
  MemoryWrite: noteDropped,
  Dma: sendDma,
  DmaIssue: sendDma,
  DmaComplete: (turn, { tag }) => land(turn, tag),
  MsiRequest: msiRequest,
  IoapicRequest: ioapicRequest,
  P2mMap: mapP2m,
  P2mUnmap: unmapP2m,
  P2mProtect: protectP2m,
  DeviceAssign: assignDevice,
  DeviceRemove: removeDevice,
  DeviceTlbAnswer: (turn, { device, result }) => deviceTlbAnswered(turn, device, result),
  InvalidationTimeout: giveUp,
  UnitReset: resetUnit,
  UnitCreate: createUnit,
  UnitQuery: queryUnit,
  UnitDestroy: destroyUnit,
  UnitSave: saveUnit,
  UnitRestore: restoreUnit,
  DeviceTranslate: translateForDevice,
  AtsRequest: requestTranslation,
  PageRequest: requestPage,
  HostFault: hostFault,
  HostCallFailed: hostCallFailed,
  HostRelease: hostRelease,
  DirtyTracking: trackDirty,
};

const handlerOf: ReadonlyMap<string, (turn: Turn, input: Input) => void> = new Map(
  Object.entries(handlers as Readonly<Record<string, (turn: Turn, input: Input) => void>>),
);

/**
 * Folds one input: evolves the world over it, decides what follows, evolves over that. Pure; never
 * throws, whatever the input; what cannot be is refused with a fact.
 *
 * @param watch  told of each step that a chart makes, in order.
 */
export function fold(world: World, input: Input, watch?: Watch): Folded {
  const index = input.guest ?? 0;
  const isThere = world.guests[index] !== undefined;
  const turn = newTurn(world, isThere ? index : 0, watch);
  if (isThere) {
    putInput(turn, input);
    handlerOf.get(input.type)?.(turn, input);
  } else {
    turn.seq += 1;
    if (world.guests.length > 0) refuse(turn, "there is no guest of that number");
  }
  return { world: worldOf(turn), facts: turn.facts };
}

/** The facts that follow from an input. */
export const decide = (world: World, input: Input): readonly Fact[] => fold(world, input).facts;
