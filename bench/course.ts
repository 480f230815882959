import { iova, sourceId } from "../events/address.ts";
import type { FactType } from "../events/fact.ts";
import { Fectl } from "../events/registers/event-line.ts";
import { at } from "../events/registers/offset.ts";
import type { AnyChart, Chart } from "../machines/chart.ts";
import { translation } from "../machines/context/translation.ts";
import type { FaultRecordingStimulus, FaultUnit } from "../machines/fault/fault-recording.ts";
import { faultRecording } from "../machines/fault/fault-recording.ts";
import { remapping } from "../machines/interrupt/remapping.ts";
import { pageRequestQueue } from "../machines/page-request/page-request-queue.ts";
import type { QueueUnit } from "../machines/queue/queue.ts";
import { queue } from "../machines/queue/queue.ts";
import { eventLine } from "../machines/registers/event-line.ts";
import { protection } from "../machines/registers/protection.ts";

/** A chart, a unit that stays as it is, and what the chart is told, over and over. */
export interface Course {
  readonly chart: AnyChart;
  readonly unit: unknown;
  readonly stimuli: readonly { readonly type: string }[];
}

const course = <
  S extends string,
  Stimulus extends { readonly type: string },
  T extends FactType,
  Unit,
>(
  chart: Chart<S, Stimulus, T, Unit>,
  unit: Unit,
  stimuli: readonly Stimulus[],
): Course => ({ chart, unit, stimuli });

const source = sourceId(0x20);

/** A submission of a descriptor and a wait, as a driver does it, then an error and its recovery. */
const unit: QueueUnit = {
  address: 0x4000n,
  head: 32,
  lastWasWait: true,
  unanswered: [],
  errors: { IQE: true, ICE: false, ITE: false },
};
const queueCourse = course(queue, unit, [
  { type: "Enable", value: 0x4000n },
  { type: "TailMoved", tail: 64 },
  { type: "Next", tail: 64 },
  { type: "Fetched", wide: true, descriptor: 1n },
  { type: "Executed", wait: false },
  { type: "MustWait" },
  { type: "Answered" },
  { type: "Executed", wait: true },
  { type: "Next", tail: 32 },
  { type: "TailMoved", tail: 64 },
  { type: "Refused", iqei: 3 },
  { type: "ErrorCleared", error: "IQE" },
  { type: "Disable", tail: 32 },
]);

const fault: FaultRecordingStimulus = {
  type: "Fault",
  source,
  reason: 6,
  page: iova(0x180_6000n),
  access: "read",
  fpd: false,
  rights: {},
};
const records: FaultUnit = { records: [{ source: sourceId(8) }], next: 0 };
const faultCourse = course(faultRecording, records, [
  fault,
  fault,
  fault,
  { type: "ClearOverflow" },
  { type: "ClearRecord", index: 0 },
]);

const message = { line: "fault", address: 0xfee0_0000n, data: 0x31 } as const;
const control = { type: "Write", ...message, offset: at.fectl } as const;
const eventCourse = course(eventLine, undefined, [
  { type: "Raise", ...message },
  { ...control, value: 0n },
  { type: "Raise", ...message },
  { ...control, value: Fectl.mask("im") },
  { type: "Raise", ...message },
  { type: "Withdraw", line: "fault" },
]);

const said = { device: source, iova: fault.page, read: true, write: false, group: 1, last: true };
const room = { type: "Request", said, head: 0, tail: 32, size: 4096, bytes: 32 } as const;
const pageCourse = course(pageRequestQueue, undefined, [
  room,
  { ...room, tail: 4064 },
  { type: "ClearPending" },
  { type: "ClearOverflow" },
]);

export const courses: readonly Course[] = [
  queueCourse,
  faultCourse,
  eventCourse,
  pageCourse,
  course(translation, undefined, [
    { type: "SetRootPointer", value: 0x1000n },
    { type: "Enable" },
    { type: "SetRootPointer", value: 0x2000n },
    { type: "Disable" },
  ]),
  course(remapping, undefined, [
    { type: "SetTable", value: 0x1000n },
    { type: "Enable" },
    { type: "Disable" },
  ]),
  course(protection, undefined, [{ type: "Enable" }, { type: "Disable" }]),
];
