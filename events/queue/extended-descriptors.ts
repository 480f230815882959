import { fieldMask } from "../layout/layout-field.ts";
import type { Profile } from "../profile/profile.ts";
import { typeHigh } from "./descriptor-field.ts";
import type { DescriptorSpec } from "./descriptor-scope.ts";
import { descriptors, descriptorType, descriptorTypes } from "./descriptor-scope.ts";
import {
  ExtendedGroupResponseDescriptor,
  ExtendedIotlbDescriptor,
  ExtendedPasidCacheDescriptor,
} from "./extended-layouts.ts";
import { PageStreamResponseDescriptor, PasidDeviceTlbDescriptor } from "./scalable-descriptors.ts";

const nothing = (): bigint => 0n;

const spec = (
  name: DescriptorSpec["name"],
  rest: Pick<DescriptorSpec, "layout" | "doc" | "supported"> & Partial<DescriptorSpec>,
): DescriptorSpec => ({ type: descriptorTypes[name], name, width: 128, lacking: nothing, ...rest });

const pfsid =
  PasidDeviceTlbDescriptor.mask("pfsidLow") | PasidDeviceTlbDescriptor.mask("pfsidHigh");

/** The kinds of descriptor that version 2.x has besides those of legacy mode, or lays out apart. */
const specs: readonly DescriptorSpec[] = [
  spec("pasidIotlb", {
    layout: ExtendedIotlbDescriptor,
    doc: "Forget first-stage and nested translations (2.x).",
    supported: (profile) => profile.pasid,
  }),
  spec("pasidCache", {
    layout: ExtendedPasidCacheDescriptor,
    doc: "Forget PASID entries (2.x).",
    supported: (profile) => profile.pasid,
  }),
  spec("pasidDeviceTlb", {
    layout: PasidDeviceTlbDescriptor,
    doc: "Ask a device to forget translations of one PASID.",
    supported: (profile) => profile.pasid && profile.deviceTlb,
    lacking: (profile) => (profile.dit ? 0n : pfsid),
  }),
  spec("pageGroupResponse", {
    layout: ExtendedGroupResponseDescriptor,
    doc: "Answer a group of page requests (2.x).",
    supported: (profile) => profile.pageRequests,
  }),
  spec("pageStreamResponse", {
    layout: PageStreamResponseDescriptor,
    doc: "Answer a streaming page request (2.x).",
    supported: (profile) => profile.pageRequests,
  }),
];

/** Every kind of descriptor of version 2.x by its type code. */
export const extendedDescriptors: ReadonlyMap<number, DescriptorSpec> = new Map([
  ...descriptors,
  ...specs.map((row) => [row.type, row] as const),
]);

/**
 * The type of a descriptor of version 2.x.
 *
 * Reading: of version 2.x it has four bits: a page stream response has its PASID in bits 11:9,
 * which are reserved in all other kinds.
 */
export const extendedType = (descriptor: bigint): number => Number(descriptor & 0xfn);

/** The type of a descriptor and its kind, if it has one, as a unit reads it. */
export function kindOf(
  descriptor: bigint,
  { ecs }: Pick<Profile, "ecs">,
): { readonly type: number; readonly spec: DescriptorSpec | undefined } {
  const type = ecs ? extendedType(descriptor) : descriptorType(descriptor);
  return { type, spec: (ecs ? extendedDescriptors : descriptors).get(type) };
}

const upperType = fieldMask(typeHigh);
const upperHalf = ((1n << 128n) - 1n) << 128n;

/** The bits that must be 0 in a descriptor of a kind, in a queue of 128- or 256-bit ones. */
export function extendedReserved(spec: DescriptorSpec, profile: Profile, width: 128 | 256): bigint {
  const isStream = spec.type === descriptorTypes.pageStreamResponse;
  const reserved = spec.layout.reservedMask | spec.lacking(profile) | (isStream ? 0n : upperType);
  return width === 128 ? reserved : reserved | upperHalf;
}
