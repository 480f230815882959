/**
 * What can happen: inputs and facts, the addresses in them, and the words of registers, table
 * entries and queue descriptors, each declared once.
 *
 * An input is an object with a `type` and the fields that `inputs` lists for it; a fact likewise,
 * by `facts`. Words and addresses are bigints, bytes are a `Uint8Array`. `Gcmd.encode({ srtp: true
 * })` makes a word of a layout's fields, `decode` takes one apart.
 *
 * `checkInput`, `checkFact`, `checkEvent` and `checkSetup` take any value, and throw
 * `MalformedError` for what is none. Nothing else here checks what its types do not allow: an
 * address or a source-id is made of the low bits of what it is given, `decode` ignores bits beyond
 * its word, and what is of another type gives a wrong value or a `TypeError`. Within their types
 * `encode` throws `RangeError` for a number that does not fit its field, and `profileOf`
 * `ProfileError` for capability words that contradict each other.
 *
 * @module shadowfold/events
 */

export type { Gpa, Hpa, Iova, SourceId } from "../events/address.ts";
export {
  formatSourceId,
  gpa,
  hex,
  hpa,
  iova,
  pageOf,
  parseSourceId,
  sourceId,
} from "../events/address.ts";
export { ContextEntry } from "../events/context/context-entry.ts";
export { ExtendedContextEntry, extendedTypes } from "../events/context/extended-context-entry.ts";
export { ExtendedPasidEntry, PasidStateEntry } from "../events/context/extended-pasid-entry.ts";
export { PasidDirectoryEntry, PasidEntry, pasidTypes } from "../events/context/pasid-entry.ts";
export { RootEntry } from "../events/context/root-entry.ts";
export { ScalableContextEntry } from "../events/context/scalable-context-entry.ts";
export { ScalableRootEntry } from "../events/context/scalable-root-entry.ts";
export { checkEvent, checkFact, checkInput, checkSetup } from "../events/event-check.ts";
export type {
  EventLine,
  Fact,
  FactOf,
  FactType,
  HostState,
  OneFactOf,
  OperationResult,
  PageResponse,
  QueueError,
} from "../events/fact.ts";
export { facts, hostStates, operationResults, queueErrors, responses } from "../events/fact.ts";
export type { FaultReason, FaultReasonName } from "../events/fault/fault-reason.ts";
export { faultReasons, reason } from "../events/fault/fault-reason.ts";
export { FaultRecord } from "../events/fault/fault-record.ts";
export type { AnyField, Field, FieldTable, Kind, Shape } from "../events/field.ts";
export { FirstStageEntry } from "../events/first-stage/first-stage-entry.ts";
export type { Access, Input, InputOf, InputType, PageSize } from "../events/input.ts";
export { inputs } from "../events/input.ts";
export type { Impossible } from "../events/input-check.ts";
export { impossible } from "../events/input-check.ts";
export { PostedEntry, RemappedEntry } from "../events/interrupt/interrupt-entry.ts";
export type { InterruptMessage, InterruptRequest } from "../events/interrupt/interrupt-request.ts";
export {
  CompatibilityAddress,
  CompatibilityData,
  CompatibilityRte,
  parseMsi,
  parseRte,
  RemappableAddress,
  RemappableData,
  RemappableRte,
} from "../events/interrupt/interrupt-request.ts";
export { PostedDescriptor } from "../events/interrupt/posted-descriptor.ts";
export type { AnyLayout, Decoded, DecodedBy, Layout } from "../events/layout/layout.ts";
export type {
  AddressField,
  BitRange,
  CodeField,
  CodeNames,
  FieldValue,
  FlagField,
  LayoutField,
  LayoutFields,
  Placed,
  UintField,
  WideField,
} from "../events/layout/layout-field.ts";
export type { Outcome, Outcomes, Size } from "../events/page.ts";
export { outcomes, sizes } from "../events/page.ts";
export { ExtendedPageRequest } from "../events/page-request/extended-page-request.ts";
export { PageRequestEntry } from "../events/page-request/page-request-entry.ts";
export type { Levels, Profile, ProfileWords } from "../events/profile/profile.ts";
export { profileOf } from "../events/profile/profile.ts";
export { ProfileError } from "../events/profile/profile-check.ts";
export { profiles } from "../events/profile/profiles.ts";
export type { DescriptorName, DescriptorSpec } from "../events/queue/descriptor-scope.ts";
export { descriptors, descriptorTypes } from "../events/queue/descriptor-scope.ts";
export {
  ContextCacheDescriptor,
  DeviceTlbDescriptor,
  InterruptEntryDescriptor,
  IotlbDescriptor,
  WaitDescriptor,
} from "../events/queue/descriptors.ts";
export { extendedDescriptors } from "../events/queue/extended-descriptors.ts";
export {
  ExtendedGroupResponseDescriptor,
  ExtendedIotlbDescriptor,
  ExtendedPasidCacheDescriptor,
} from "../events/queue/extended-layouts.ts";
export {
  PageGroupResponseDescriptor,
  PageStreamResponseDescriptor,
  PasidCacheDescriptor,
  PasidDeviceTlbDescriptor,
  PasidIotlbDescriptor,
} from "../events/queue/scalable-descriptors.ts";
export { Cap, Ecap, Ver } from "../events/registers/capability.ts";
export { Ccmd, Gcmd, Gsts, Rtaddr } from "../events/registers/command.ts";
export {
  Feaddr,
  Fectl,
  Fedata,
  Feuaddr,
  Fsts,
  Ics,
  Ieaddr,
  Iectl,
  Iedata,
  Ieuaddr,
  Peaddr,
  Pectl,
  Pedata,
  Peuaddr,
} from "../events/registers/event-line.ts";
export { Irta } from "../events/registers/interrupt-table.ts";
export { Iotlb, Iva } from "../events/registers/iotlb.ts";
export {
  Pqa,
  Pqh,
  Pqt,
  Prs,
} from "../events/registers/page-request.ts";
export {
  Phmbase,
  Phmlimit,
  Plmbase,
  Plmlimit,
  Pmen,
} from "../events/registers/protected-memory.ts";
export { Iqa, Iqercd, Iqh, Iqt } from "../events/registers/queue.ts";
export type { RegisterMap, RegisterSpec } from "../events/registers/register.ts";
export { registerMap } from "../events/registers/register.ts";
export type { GuestSetup, Setup } from "../events/setup.ts";
export { guestSetup, setup } from "../events/setup.ts";
export { SecondStageEntry } from "../events/shadow/second-stage-entry.ts";
