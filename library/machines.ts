/**
 * The xstate charts that decide where each unit goes, one for each architectural unit.
 *
 * A chart's `machine` is the xstate definition, to draw or to enumerate. Compiled from it, `step`
 * says which facts follow from a stimulus, `after` where the unit goes once a fact took effect.
 * Each is exported by its name, with the types of its states, of what it can be told and of what
 * is kept of its unit; `charts` lists them all. Charts check nothing at run time: what their types
 * do not allow, they must not be given.
 *
 * @module shadowfold/machines
 */

export type { AnyChart, Chart } from "../machines/chart.ts";
export { charts } from "../machines/charts.ts";
export type { TranslationState, TranslationStimulus } from "../machines/context/translation.ts";
export { translation } from "../machines/context/translation.ts";
export type { FieldsOf } from "../machines/definition.ts";
export type { DeviceTlbState, DeviceTlbStimulus } from "../machines/device/device-tlb.ts";
export { deviceTlb } from "../machines/device/device-tlb.ts";
export type { DmaRequestState, DmaRequestStimulus } from "../machines/device/dma-request.ts";
export { dmaRequest } from "../machines/device/dma-request.ts";
export type {
  FaultRecordingState,
  FaultRecordingStimulus,
  FaultUnit,
} from "../machines/fault/fault-recording.ts";
export { faultRecording } from "../machines/fault/fault-recording.ts";
export type { HostEntryState, HostEntryStimulus, Meaning } from "../machines/host/host-entry.ts";
export { hostEntry } from "../machines/host/host-entry.ts";
export type { KeepingOutState, KeepingOutStimulus } from "../machines/host/keeping-out.ts";
export { keepingOut } from "../machines/host/keeping-out.ts";
export type { RemappingState, RemappingStimulus } from "../machines/interrupt/remapping.ts";
export { remapping } from "../machines/interrupt/remapping.ts";
export type { LifeCycleState, LifeCycleStimulus } from "../machines/life/life-cycle.ts";
export { lifeCycle } from "../machines/life/life-cycle.ts";
export type {
  PageGroupState,
  PageGroupStimulus,
  PageGroupUnit,
} from "../machines/page-request/page-group.ts";
export { pageGroup } from "../machines/page-request/page-group.ts";
export type {
  PageRequestQueueState,
  PageRequestQueueStimulus,
} from "../machines/page-request/page-request-queue.ts";
export { pageRequestQueue } from "../machines/page-request/page-request-queue.ts";
export type { QueueState, QueueStimulus, QueueUnit } from "../machines/queue/queue.ts";
export { queue } from "../machines/queue/queue.ts";
export type { EventLineState, EventLineStimulus } from "../machines/registers/event-line.ts";
export { eventLine } from "../machines/registers/event-line.ts";
export type { ProtectionState, ProtectionStimulus } from "../machines/registers/protection.ts";
export { protection } from "../machines/registers/protection.ts";
export type { RegisterCommandStimulus } from "../machines/registers/register-command.ts";
export { registerCommand } from "../machines/registers/register-command.ts";
