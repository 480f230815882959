// Length: one list of every descriptor, with what each asks to forget.

import { iova, iovaOfPage, pageOf, sourceId } from "../address.ts";
import type { FactOf, OneFactOf } from "../fact.ts";
import { frozen } from "../frozen.ts";
import type { AnyLayout } from "../layout/layout.ts";
import { readersOf } from "../layout/layout.ts";
import { bitMask } from "../layout/layout-field.ts";
import type { Profile } from "../profile/profile.ts";
import { contextGranularities, iotlbGranularities } from "./descriptor-field.ts";
import {
  ContextCacheDescriptor,
  DeviceTlbDescriptor,
  InterruptEntryDescriptor,
  IotlbDescriptor,
  WaitDescriptor,
} from "./descriptors.ts";
import {
  PageGroupResponseDescriptor,
  PageStreamResponseDescriptor,
  PasidCacheDescriptor,
  PasidDeviceTlbDescriptor,
  PasidIotlbDescriptor,
} from "./scalable-descriptors.ts";

/** The type codes of queue descriptors. */
export const descriptorTypes = frozen({
  contextCache: 1,
  iotlb: 2,
  deviceTlb: 3,
  interruptEntry: 4,
  wait: 5,
  pasidIotlb: 6,
  pasidCache: 7,
  pasidDeviceTlb: 8,
  pageGroupResponse: 9,
  pageStreamResponse: 0xa,
} as const);

/** The name of a kind of descriptor. */
export type DescriptorName = keyof typeof descriptorTypes;

/** One kind of descriptor. */
export interface DescriptorSpec {
  readonly type: number;
  readonly name: DescriptorName;
  /** The lower 128 bits; the upper half of a 256-bit descriptor is reserved. */
  readonly layout: AnyLayout;
  /** The narrowest queue that may hold it, in bits. */
  readonly width: 128 | 256;
  readonly doc: string;
  /** Whether a unit with these capabilities knows it. */
  readonly supported: (profile: Profile) => boolean;
  /** Fields that are reserved for lack of a capability. */
  readonly lacking: (profile: Profile) => bigint;
}

const always = (): boolean => true;
const nothing = (): bigint => 0n;

function spec(
  name: DescriptorName,
  layout: AnyLayout,
  rest: Partial<DescriptorSpec> & Pick<DescriptorSpec, "doc">,
): DescriptorSpec {
  const defaults = { width: 128, supported: always, lacking: nothing } as const;
  return { type: descriptorTypes[name], name, layout, ...defaults, ...rest };
}

const pfsidOf = (layout: typeof DeviceTlbDescriptor | typeof PasidDeviceTlbDescriptor): bigint =>
  layout.mask("pfsidLow") | layout.mask("pfsidHigh");
const pfsid = pfsidOf(DeviceTlbDescriptor);
const pasidPfsid = pfsidOf(PasidDeviceTlbDescriptor);
const pd = WaitDescriptor.mask("pd");

const specs: readonly DescriptorSpec[] = [
  spec("contextCache", ContextCacheDescriptor, { doc: "Forget context entries." }),
  spec("iotlb", IotlbDescriptor, { doc: "Forget second-stage translations." }),
  spec("deviceTlb", DeviceTlbDescriptor, {
    doc: "Ask a device to forget translations.",
    supported: (profile) => profile.deviceTlb,
    // Reading: without ECAP.DIT the fields of throttling are reserved.
    lacking: (profile) => (profile.dit ? 0n : pfsid),
  }),
  spec("interruptEntry", InterruptEntryDescriptor, {
    doc: "Forget interrupt entries.",
    supported: (profile) => profile.interruptRemapping,
  }),
  spec("wait", WaitDescriptor, {
    doc: "Report that what came before is done.",
    // Reading: without ECAP.PDS the bit is reserved.
    lacking: (profile) => (profile.pageDrain ? 0n : pd),
  }),
  spec("pasidIotlb", PasidIotlbDescriptor, {
    doc: "Forget first-stage and nested translations.",
    width: 256,
    supported: (profile) => profile.smts,
  }),
  spec("pasidCache", PasidCacheDescriptor, {
    doc: "Forget PASID entries.",
    width: 256,
    supported: (profile) => profile.smts,
  }),
  spec("pasidDeviceTlb", PasidDeviceTlbDescriptor, {
    doc: "Ask a device to forget translations of one PASID.",
    width: 256,
    supported: (profile) => profile.smts && profile.deviceTlb,
    lacking: (profile) => (profile.dit ? 0n : pasidPfsid),
  }),
  spec("pageGroupResponse", PageGroupResponseDescriptor, {
    doc: "Answer a group of page requests.",
    width: 256,
    supported: (profile) => profile.smts && profile.pageRequests,
  }),
  spec("pageStreamResponse", PageStreamResponseDescriptor, {
    doc: "Answer a streaming page request (2.x only).",
    supported: (profile) => profile.ecs && profile.pageRequests,
  }),
];

/** Every kind of descriptor by its type code. */
export const descriptors: ReadonlyMap<number, DescriptorSpec> = new Map(
  specs.map((row) => [row.type, row]),
);

const upperHalf = bitMask(255, 128);

/** The 7-bit type of a descriptor: bits 11:9 above bits 3:0. */
export function descriptorType(word: bigint): number {
  const low = Number(BigInt.asUintN(12, word));
  return ((low >> 9) << 4) | (low & 0xf);
}

/**
 * The bits that must be 0 in a descriptor of a type, in a queue of 128- or 256-bit descriptors, for
 * a unit with these capabilities. All bits for a type that does not exist.
 */
export function descriptorReserved(type: number, profile: Profile, width: 128 | 256): bigint {
  const row = descriptors.get(type);
  if (!row) return bitMask(width - 1, 0);
  const reserved = row.layout.reservedMask | row.lacking(profile);
  return width === 128 ? reserved : reserved | upperHalf;
}

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
