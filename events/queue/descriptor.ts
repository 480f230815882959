import { frozen } from "../frozen.ts";
import type { AnyLayout } from "../layout/layout.ts";
import { bitMask } from "../layout/layout-field.ts";
import type { Profile } from "../profile/profile.ts";
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
