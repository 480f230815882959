/**
 * The xstate charts that decide where each unit goes, one for each architectural unit.
 *
 * A chart's `machine` is the xstate definition, to draw or to enumerate. Compiled from it, `step`
 * says which facts follow from a stimulus, `after` where the unit goes once a fact took effect.
 *
 * @module shadowfold/machines
 */

export type { AnyChart } from "../machines/chart.ts";
export { charts } from "../machines/charts.ts";
export type { TranslationState } from "../machines/context/translation.ts";
export type { FaultRecordingState } from "../machines/fault/fault-recording.ts";
export type { RemappingState } from "../machines/interrupt/remapping.ts";
export type { LifeCycleState } from "../machines/life/life-cycle.ts";
export type { PageRequestQueueState } from "../machines/page-request/page-request-queue.ts";
export type { QueueState } from "../machines/queue/queue.ts";
export type { ProtectionState } from "../machines/registers/protection.ts";
