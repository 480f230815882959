import { gpa, iovaOfPage } from "../events/address.ts";
import type { FactOf } from "../events/fact.ts";
import { descriptorTypes } from "../events/queue/descriptor-scope.ts";
import { IotlbDescriptor, WaitDescriptor } from "../events/queue/descriptors.ts";
import { at } from "../events/registers/offset.ts";
import { fold } from "../hypervisor/fold.ts";
import { invalidateIotlb } from "../hypervisor/queue/carry-out-invalidation.ts";
import { newTurn } from "../hypervisor/turn.ts";
import { worldOf } from "../projections/evolve.ts";
import type { World } from "../projections/world.ts";
import {
  did,
  dmaRead,
  foldAll,
  memoryWrite,
  queueAddress,
  registerWrite,
  statusAddress,
  wideBytes,
} from "./guest.ts";
import type { Tables } from "./tables.ts";
import { entryWrite } from "./tables.ts";

/** A guest whose driver changes entries and announces them through the queue. */
export interface Rig {
  world: World;
  readonly tables: Tables;
  /** Byte offset of the queue's tail. */
  tail: number;
}

export type Scope = "page" | "domain";

const { page: pageSelective, domain: domainSelective } = IotlbDescriptor.fields.g.names;

function descriptorFor(scope: Scope, page: number): bigint {
  const base = { type: descriptorTypes.iotlb, dw: true, dr: true, did } as const;
  return scope === "domain"
    ? IotlbDescriptor.encode({ ...base, g: domainSelective })
    : IotlbDescriptor.encode({ ...base, g: pageSelective, addr: iovaOfPage(page) });
}

const wait = WaitDescriptor.encode({
  type: descriptorTypes.wait,
  sw: true,
  data: 2,
  statusAddr: statusAddress,
});

const queueBytes = 4096;

/** A DMA uses the page, then its entry changes: the page is cached and pending. */
function changeEntry(rig: Rig, page: number, to: number): void {
  rig.world = foldAll(rig.world, [dmaRead(page), entryWrite(rig.tables, page, to)]);
}

function enqueue(rig: Rig, descriptor: bigint): void {
  const bytes = wideBytes(descriptor);
  rig.world = foldAll(rig.world, [memoryWrite(gpa(queueAddress + BigInt(rig.tail)), bytes)]);
  rig.tail = (rig.tail + bytes.length) % queueBytes;
}

/**
 * Lets a used page's entry name another page, then queues an invalidation and a wait.
 *
 * @returns the microseconds from the write of the tail until the wait's status is written.
 */
export function announceChange(rig: Rig, scope: Scope, page: number, to: number): number {
  changeEntry(rig, page, to);
  enqueue(rig, descriptorFor(scope, page));
  enqueue(rig, wait);
  const input = registerWrite(at.iqt, 8, BigInt(rig.tail));
  const start = performance.now();
  const { world } = fold(rig.world, input);
  const time = (performance.now() - start) * 1000;
  rig.world = world;
  return time;
}

const wholeDomain: FactOf<"IotlbInvalidated"> = {
  type: "IotlbInvalidated",
  scope: "domain",
  did,
};

/** The same for a whole domain without register, queue and wait: microseconds. */
export function synchroniseChange(rig: Rig, page: number, to: number): number {
  changeEntry(rig, page, to);
  const turn = newTurn(rig.world, 0);
  const start = performance.now();
  invalidateIotlb(turn, wholeDomain);
  const time = (performance.now() - start) * 1000;
  rig.world = worldOf(turn);
  return time;
}
