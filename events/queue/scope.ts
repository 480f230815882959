import { iova, iovaOfPage, pageOf, sourceId } from "../address.ts";
import type { FactOf, OneFactOf } from "../fact.ts";
import { readersOf } from "../layout/layout.ts";
import { descriptorType, descriptorTypes } from "./descriptor.ts";
import { contextGranularities, iotlbGranularities } from "./descriptor-field.ts";
import {
  ContextCacheDescriptor,
  DeviceTlbDescriptor,
  InterruptEntryDescriptor,
  IotlbDescriptor,
} from "./descriptors.ts";
import {
  PasidCacheDescriptor,
  PasidDeviceTlbDescriptor,
  PasidIotlbDescriptor,
} from "./scalable-descriptors.ts";

/** What a descriptor asks to forget, as the fact that says it was forgotten. */
export type Scope = OneFactOf<
  | ("ContextInvalidated" | "IotlbInvalidated" | "PasidCacheInvalidated" | "PasidIotlbInvalidated")
  | ("InterruptEntriesInvalidated" | "DeviceTlbInvalidated")
>;

/** What the lower 128 bits of a descriptor of one kind ask to forget. */
export type ScopeReader = (descriptor: bigint) => Scope | undefined;
type Reader = ScopeReader;

/** All of an address space of 64 bits. */
const everyByte = 1n << 64n;

/** Bytes of 2^`am` pages, up to all of them, for each `am` that six bits can say. */
const lengths: readonly bigint[] = Array.from({ length: 64 }, (_, am) => {
  const length = 4096n << BigInt(am);
  return length > everyByte ? everyByte : length;
});

const blocks: readonly number[] = Array.from({ length: 64 }, (_, am) => 2 ** am);

/** The aligned block of 2^`am` pages around an address. */
export function pagesAround(address: bigint, am: number) {
  const page = pageOf(address);
  const first = page - (page % (blocks[am] as number));
  return { iova: iovaOfPage(first), length: lengths[am] as bigint };
}

/** What IH adds to a scope. */
export const leaves = (ih: boolean) => (ih ? { leafOnly: true } : {});

/** What a context-cache invalidation says, in a descriptor as in CCMD. */
interface ContextFields {
  readonly did: number;
  readonly sid: number;
  readonly fm: number;
}

/** The scope of a context-cache invalidation; `undefined` for a reserved granularity. */
export function contextScope(
  granularity: number,
  { did, sid, fm: mask }: ContextFields,
): FactOf<"ContextInvalidated"> | undefined {
  const { global, domain, device } = contextGranularities;
  const type = "ContextInvalidated";
  if (granularity === global) return { type, scope: "global" };
  if (granularity === domain) return { type, scope: "domain", did };
  if (granularity !== device) return undefined;
  return { type, scope: "device", did, source: sourceId(sid), mask };
}

/** What an IOTLB invalidation says, in a descriptor as in IOTLB and IVA. */
interface IotlbFields {
  readonly did: number;
  readonly am: number;
  readonly ih: boolean;
  readonly addr: bigint;
}

/** The scope of an IOTLB invalidation; `undefined` for a reserved granularity. */
export function iotlbScope(
  granularity: number,
  { did, am, ih, addr }: IotlbFields,
): FactOf<"IotlbInvalidated"> | undefined {
  const { global, domain, page } = iotlbGranularities;
  const type = "IotlbInvalidated";
  if (granularity === global) return { type, scope: "global" };
  if (granularity === domain) return { type, scope: "domain", did };
  if (granularity !== page) return undefined;
  const { iova, length } = pagesAround(addr, am);
  const scope = "page";
  return ih
    ? { type, scope, did, iova, length, leafOnly: true }
    : { type, scope, did, iova, length };
}

/**
 * The pages that S and the address of a device-TLB invalidation say: the lowest 0 bit of the page
 * number, and all below it, are not compared.
 */
function devicePages(s: boolean, addr: bigint) {
  const page = addr >> 12n;
  const ones = s ? page & ~(page + 1n) : 0n;
  const told = s ? (ones + 1n) * 2n * 4096n : 4096n;
  const length = told > everyByte ? everyByte : told;
  return { iova: iova(addr - (addr % length)), length };
}

const context: Reader = (descriptor) => {
  const fields = ContextCacheDescriptor.decode(descriptor);
  return contextScope(fields.g, fields);
};

const iotlbFields = readersOf(IotlbDescriptor);

const iotlb: Reader = (descriptor) => {
  const { g, did, am, ih, addr } = iotlbFields;
  return iotlbScope(g(descriptor), {
    did: did(descriptor),
    am: am(descriptor),
    ih: ih(descriptor),
    addr: addr(descriptor),
  });
};

const pasidCache: Reader = (descriptor) => {
  const { g, did, pasid } = PasidCacheDescriptor.decode(descriptor);
  const names = PasidCacheDescriptor.fields.g.names;
  const type = "PasidCacheInvalidated";
  if (g === names.global) return { type, scope: "global" };
  if (g === names.domain) return { type, scope: "domain", did };
  return g === names.pasid ? { type, scope: "pasid", did, pasid } : undefined;
};

const pasidIotlb: Reader = (descriptor) => {
  const { g, did, pasid, am, ih, addr } = PasidIotlbDescriptor.decode(descriptor);
  const names = PasidIotlbDescriptor.fields.g.names;
  const type = "PasidIotlbInvalidated";
  if (g === names.pasid) return { type, scope: "pasid", did, pasid };
  if (g !== names.page) return undefined;
  return { type, scope: "page", did, pasid, ...pagesAround(addr, am), ...leaves(ih) };
};

const interruptEntries: Reader = (descriptor) => {
  const { g, im, iidx } = InterruptEntryDescriptor.decode(descriptor);
  const type = "InterruptEntriesInvalidated";
  if (g === InterruptEntryDescriptor.fields.g.names.global) return { type };
  const count = 2 ** im;
  return { type, first: iidx - (iidx % count), count };
};

const deviceTlb: Reader = (descriptor) => {
  const { sid, s, addr } = DeviceTlbDescriptor.decode(descriptor);
  return { type: "DeviceTlbInvalidated", device: sourceId(sid), ...devicePages(s, addr) };
};

const pasidDeviceTlb: Reader = (descriptor) => {
  const { sid, s, addr, pasid, g } = PasidDeviceTlbDescriptor.decode(descriptor);
  const whose = g ? { global: true } : { pasid };
  const pages = devicePages(s, addr);
  return { type: "DeviceTlbInvalidated", device: sourceId(sid), ...pages, ...whose };
};

/** The readers of each kind of descriptor, by its type. */
export const scopeReaders: ReadonlyMap<number, Reader> = new Map([
  [descriptorTypes.contextCache, context],
  [descriptorTypes.iotlb, iotlb],
  [descriptorTypes.deviceTlb, deviceTlb],
  [descriptorTypes.interruptEntry, interruptEntries],
  [descriptorTypes.pasidIotlb, pasidIotlb],
  [descriptorTypes.pasidCache, pasidCache],
  [descriptorTypes.pasidDeviceTlb, pasidDeviceTlb],
]);

/**
 * What a descriptor asks to forget.
 *
 * @param descriptor  its lower 128 bits, or all of it.
 * @returns `undefined` for a reserved granularity, and for a descriptor that is no invalidation.
 */
export const scopeOf = (descriptor: bigint): Scope | undefined =>
  scopeReaders.get(descriptorType(descriptor))?.(BigInt.asUintN(128, descriptor));
