import type { Iova, SourceId } from "../../events/address.ts";
import { formatSourceId, gpa, pageOf } from "../../events/address.ts";
import type { Input, InputOf } from "../../events/input.ts";
import { descriptorTypes } from "../../events/queue/descriptor-scope.ts";
import {
  ContextCacheDescriptor,
  InterruptEntryDescriptor,
  IotlbDescriptor,
  WaitDescriptor,
} from "../../events/queue/descriptors.ts";
import { Ccmd } from "../../events/registers/command.ts";
import { Iotlb, Iva } from "../../events/registers/iotlb.ts";
import { at } from "../../events/registers/offset.ts";
import { queueGeometry } from "../../machines/queue/queue.ts";
import type { Guest } from "../../projections/guest.ts";
import type { HostEntry } from "../../projections/host/host-entry.ts";
import type { World } from "../../projections/world.ts";
import { byteIn, pageAsWritten } from "../../tables/memory.ts";
import { hostOf } from "../question.ts";
import { EditError } from "./edit.ts";
import { everyPasid, wholeOf } from "./pasid-invalidation.ts";

/** How much an invalidation that a guest might have made covers. */
export const invalidationScopes = ["page", "domain", "global", "contexts", "interrupts"] as const;
export type InvalidationScope = (typeof invalidationScopes)[number];

/** An invalidation that a guest might have made. */
export interface Invalidation {
  readonly guest: number;
  /**
   * `page` and `domain` are of the domain of `device`; `global` is every translation; `contexts`
   * is every context, PASID entry and translation; `interrupts` every interrupt entry.
   */
  readonly scope: InvalidationScope;
  readonly device?: SourceId;
  /** Of the device's requests, those with this PASID; where it has a first stage, that of it. */
  readonly pasid?: number;
  /** The page, of scope `page`. */
  readonly iova?: Iova;
}

function hostThere(world: World, { scope, device, iova, ...asked }: Invalidation): HostEntry {
  if (device === undefined) throw new EditError(`an invalidation of a ${scope} needs a device`);
  const host = hostOf(world, { ...asked, device, iova: iova ?? (0n as Iova) });
  if (host !== undefined) return host;
  throw new EditError(`device ${formatSourceId(device)} has no domain there`);
}

const domainOf = (world: World, asked: Invalidation): number => hostThere(world, asked).did;

function pageOfScope({ iova }: Invalidation): bigint {
  if (iova === undefined) throw new EditError("an invalidation of a page needs its address");
  return iova - (iova % 4096n);
}

function descriptorsOf(world: World, guest: Guest, asked: Invalidation): readonly bigint[] {
  const { contextCache, iotlb, interruptEntry } = descriptorTypes;
  const { g } = IotlbDescriptor.fields;
  const everywhere = IotlbDescriptor.encode({ type: iotlb, g: g.names.global });
  switch (asked.scope) {
    case "page": {
      const [did, addr] = [domainOf(world, asked), pageOfScope(asked)];
      return [IotlbDescriptor.encode({ type: iotlb, g: g.names.page, did, addr })];
    }
    case "domain":
      return [wholeOf(hostThere(world, asked), guest.profile)];
    case "global":
      return [everywhere];
    case "contexts": {
      const contexts = ContextCacheDescriptor.encode({
        type: contextCache,
        g: ContextCacheDescriptor.fields.g.names.global,
      });
      return [contexts, ...everyPasid(guest), everywhere];
    }
    case "interrupts":
      return [InterruptEntryDescriptor.encode({ type: interruptEntry })];
  }
}

/** Descriptors as bytes, each in `step` of them. */
export function bytesOf(descriptors: readonly bigint[], step: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(descriptors.length * step));
  for (const [index, one] of descriptors.entries()) {
    view.setBigUint64(index * step, BigInt.asUintN(64, one), true);
    view.setBigUint64(index * step + 8, one >> 64n, true);
  }
  return new Uint8Array(view.buffer);
}

/** What stands in guest memory, as the CPU wrote it. */
export function contentsAt({ memory }: Guest, base: bigint, count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  for (let from = 0; from < count; ) {
    const address = base + BigInt(from);
    const page = pageAsWritten(memory, pageOf(address));
    // What lies beyond the last byte has no place to go to.
    for (let offset = Number(address % 4096n); offset < 4096; offset++) {
      bytes[from++] = byteIn(page, offset);
    }
  }
  return bytes;
}

/** A descriptor that does nothing: a wait that tells nobody. */
export const idle = WaitDescriptor.encode({ type: descriptorTypes.wait });

/**
 * Puts descriptors through the queue a whole round, filled up with waits that tell nobody: head and
 * tail are then where the guest believes them, and what it had written there is put back.
 */
function throughQueue(guest: Guest, descriptors: readonly bigint[]): readonly Input[] {
  const { base, bytes: size, step } = queueGeometry(guest.queue.address);
  const { head } = guest.queue;
  const places = size / step;
  const round = Array.from({ length: places }, (_, at) => descriptors[at] ?? idle);
  const first = head / step;
  // The round begins at the head and goes on at the start of the queue.
  const placed = round.map((_, place) => round[(place - first + places) % places] ?? idle);
  const write = (bytes: Uint8Array): Input => ({
    type: "MemoryWrite",
    guest: guest.index,
    gpa: gpa(base),
    bytes,
  });
  const moveTail = (to: number): Input => register(guest, at.iqt, BigInt(to));
  return [
    write(bytesOf(placed, step)),
    moveTail((head - step + size) % size),
    moveTail(head),
    write(contentsAt(guest, base, size)),
  ];
}

const register = (guest: Guest, offset: number, value: bigint): InputOf<"RegisterWrite"> => ({
  type: "RegisterWrite",
  guest: guest.index,
  offset,
  size: 8,
  value,
});

/** The same by registers, as software does before it turns the queue on. */
function throughRegisters(world: World, guest: Guest, asked: Invalidation): readonly Input[] {
  const { iro } = guest.profile;
  const { iirg } = Iotlb.fields;
  const command = (granularity: number, did = 0): Input =>
    register(guest, iro + 8, Iotlb.encode({ ivt: true, iirg: granularity, did }));
  switch (asked.scope) {
    case "page": {
      const pages = Iva.encode({ addr: pageOfScope(asked) });
      return [register(guest, iro, pages), command(iirg.names.page, domainOf(world, asked))];
    }
    case "domain":
      return [command(iirg.names.domain, domainOf(world, asked))];
    case "global":
      return [command(iirg.names.global)];
    case "contexts": {
      const contexts = Ccmd.encode({ icc: true, cirg: Ccmd.fields.cirg.names.global });
      return [register(guest, at.ccmd, contexts), command(iirg.names.global)];
    }
    case "interrupts":
      throw new EditError("interrupt entries are invalidated by the queue alone, which is off");
  }
}

/**
 * The inputs by which a guest invalidates in a world: by its queue when that is on, else by
 * registers. Whatever else the guest does stays as it was.
 *
 * @throws EditError when it cannot: its queue is halted or waits for a device, the unit has no such
 *   command, or the device is in no domain.
 */
export function invalidationInputs(world: World, asked: Invalidation): readonly Input[] {
  const guest = world.guests[asked.guest];
  if (guest === undefined) throw new EditError(`there is no guest ${asked.guest.toString()}`);
  const { state } = guest.queue;
  if (state === "disabled") return throughRegisters(world, guest, asked);
  if (state !== "idle") throw new EditError(`the queue is ${state} there: it takes nothing more`);
  return throughQueue(guest, descriptorsOf(world, guest, asked));
}
