import {
  PasidCacheDescriptor,
  PasidIotlbDescriptor,
} from "../../events/queue/scalable-descriptors.ts";
import { at } from "../../events/registers/offset.ts";
import { Iqa } from "../../events/registers/queue.ts";
import {
  command,
  iotlbOfAll,
  iotlbOfDomain,
  iotlbOfPage,
  memory,
  qie,
  te,
  write8,
} from "./driver.ts";
import type { Inputs } from "./given.ts";
import { words } from "./scalable-driver.ts";

/** IQA is the page at 0x8000, with descriptors of 32 bytes. */
const queue = 0x8000n;

/** The queue is on, in descriptors of 256 bits. */
export const scalableQueue: Inputs = [write8(at.iqa, queue | Iqa.mask("dw")), command(te | qie)];

/** Puts a descriptor of 256 bits into the queue, number `index` of it, and moves the tail. */
export const announce = (descriptor: bigint, index = 0): Inputs => [
  memory(queue + BigInt(index * 32), ...words(descriptor, 4)),
  write8(at.iqt, BigInt(index * 32 + 32)),
];

const cache = PasidCacheDescriptor.fields.g.names;
const iotlb = PasidIotlbDescriptor.fields.g.names;

/** Descriptors. */
export const allPasids = PasidCacheDescriptor.encode({ type: 7, g: cache.global });
export const pasidsOf = (did: number): bigint =>
  PasidCacheDescriptor.encode({ type: 7, g: cache.domain, did });
export const onePasid = (did: number, pasid: number): bigint =>
  PasidCacheDescriptor.encode({ type: 7, g: cache.pasid, did, pasid });
export const pasidIotlb = (did: number, pasid: number): bigint =>
  PasidIotlbDescriptor.encode({ type: 6, g: iotlb.pasid, did, pasid });
export const pasidPage = (did: number, pasid: number, addr: bigint, ih = false): bigint =>
  PasidIotlbDescriptor.encode({ type: 6, g: iotlb.page, did, pasid, ih }) | (addr << 64n);
export { iotlbOfAll, iotlbOfDomain, iotlbOfPage };
