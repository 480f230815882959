import type { Iova, SourceId } from "../../events/address.ts";
import type { Input, InputOf } from "../../events/input.ts";
import { DeviceTlbDescriptor } from "../../events/queue/descriptors.ts";
import {
  PageGroupResponseDescriptor,
  PasidDeviceTlbDescriptor,
} from "../../events/queue/scalable-descriptors.ts";
import { memory } from "./driver.ts";
import type { Inputs } from "./given.ts";
import type { Rights } from "./scalable-driver.ts";
import {
  context,
  firstStageEntry,
  pasidDma,
  pasidEntry,
  pasids,
  scalableOn,
  scalableTables,
  scalableUnit,
} from "./scalable-driver.ts";
import { scalableQueue } from "./scalable-queue.ts";
import type { Changes } from "./unit.ts";
import { nvme } from "./unit.ts";

/** The unit of the scalable examples with page requests. */
export const deviceUnit = ({ ecap, ...rest }: Changes = {}) =>
  scalableUnit({ ...rest, ecap: { prs: true, pds: true, ...ecap } });

/** The first PASID may ask for anything. */
export const allRights = pasidEntry(pasids.firstStage, firstStageEntry({ sre: true, ere: true }));

/** 00:04.0 may send translation requests, translated requests and page requests. */
export const deviceBooted: Inputs = [
  scalableTables,
  allRights,
  context({ dte: true, pre: true }),
  scalableOn,
  scalableQueue,
];

/** A translation request. */
export const asks = (
  access: "read" | "write",
  iova: bigint,
  rights: Rights = {},
  device: SourceId = nvme,
): InputOf<"AtsRequest"> => ({
  type: "AtsRequest",
  ...{ device, iova: iova as Iova, access },
  ...rights,
});

/** A DMA by what the device's own TLB holds. */
export const uses = (
  access: "read" | "write",
  iova: bigint,
  rights: Rights = {},
  device: SourceId = nvme,
): Input => ({ ...pasidDma(access, iova, rights, device), translated: true });

/** The device's answer to an invalidation. */
export const answers = (result: "done" | "failed" = "done", device: SourceId = nvme): Input => ({
  type: "DeviceTlbAnswer",
  device,
  result,
});

/** Descriptors: a device forgets a page of requests without PASID, or with one. */
export const forgetPage = (addr: bigint, device: SourceId = nvme): bigint =>
  DeviceTlbDescriptor.encode({ type: 3, sid: device, addr });
export const forgetPasidPage = (pasid: number, addr: bigint): bigint =>
  PasidDeviceTlbDescriptor.encode({ type: 8, sid: nvme, pasid, addr });
/** `2^order` pages, two at least. */
export const forgetPasidRange = (pasid: number, addr: bigint, order: number): bigint =>
  PasidDeviceTlbDescriptor.encode({
    ...{ type: 8, sid: nvme, pasid, s: true },
    addr: addr | (((1n << BigInt(order - 1)) - 1n) << 12n),
  });
export const forgetEverywhere = PasidDeviceTlbDescriptor.encode({
  ...{ type: 8, sid: nvme, g: true, s: true },
  addr: 0x7fff_ffff_ffff_f000n,
});

/** What a page request says besides its page. */
type PageFields = Partial<InputOf<"PageRequest">>;

/** A page request for reading, the last of group 1, with the first PASID. */
export const asksFor = (iova: bigint, fields: PageFields = {}): InputOf<"PageRequest"> => ({
  ...{ type: "PageRequest", device: nvme, iova: iova as Iova, read: true, write: false },
  ...{ pasid: pasids.firstStage, group: 1, last: true },
  ...fields,
});

type ResponseFields = Parameters<typeof PageGroupResponseDescriptor.encode>[0];

/** A descriptor: the answer to group 1 of the first PASID. */
export const pageResponse = (fields: ResponseFields = {}): bigint =>
  PageGroupResponseDescriptor.encode({
    ...{ type: 9, pp: true, rid: nvme, pasid: pasids.firstStage, prgi: 1, lpig: true },
    ...fields,
  });

/** Where the page request queue lies: 128 requests. */
export const pageQueue = 0x4_0000n;

/** Clears a word of memory. */
export const clear = (gpa: bigint): Input => memory(gpa, 0n);
