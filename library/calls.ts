/**
 * What a unit asks of the host's kernel, so that the host's IOMMU does for physical devices what
 * the guest says.
 *
 * `callsAtStart` brings a host that has nothing to what a world needs, `callsOf` says what one
 * folded input asks for, and `callsAfterFailure` what follows when a call fails; `namesUnfinished`
 * says which later calls are not to be made then. `offerOn` limits what a unit offers by what its
 * host can do. `iommufdOf` says a call in iommufd's words, and `compareCalls` finds where
 * somebody's calls first differ.
 *
 * @module shadowfold/calls
 */

export { callsAfterFailure, namesUnfinished, unfinishedAfter } from "../calls/after-failure.ts";
export type { CallDifference, CallsOfEvent, TheirCall } from "../calls/alignment.ts";
export { compareCalls } from "../calls/alignment.ts";
export type { Call, CallResult, Requester, TableData, Target } from "../calls/call.ts";
export type { Cost, Costs } from "../calls/call-cost.ts";
export { costsAfter, pagesOf } from "../calls/call-cost.ts";
export { callFromJson, callToJson } from "../calls/call-json.ts";
export { callsAtStart, callsOf } from "../calls/calls-of.ts";
export type { HostAbilities } from "../calls/host-abilities.ts";
export { ableHost, hostRefusal } from "../calls/host-abilities.ts";
export type { LimitedField, Offer, UnitWords } from "../calls/host-offer.ts";
export { offerOn } from "../calls/host-offer.ts";
export type { Run as AreaRun } from "../calls/host-run.ts";
export type {
  AttachedFor,
  AttachedTo,
  Ioctl,
  IommufdLedger,
  IommufdUses,
} from "../calls/iommufd.ts";
export { devicesIn, emptyLedger, iommufdOf, iommufdOfDevices, usesOf } from "../calls/iommufd.ts";
