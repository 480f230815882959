import { gpa, hpa, iova, sourceId } from "../events/address.ts";
import type { FactOf } from "../events/fact.ts";
import type { CompiledChart, Stimulus } from "../machines/chart.ts";
import type { TranslationStimulus } from "../machines/context/translation.ts";
import { translation } from "../machines/context/translation.ts";
import type { RequestStimulus } from "../machines/device/dma.ts";
import { request } from "../machines/device/dma.ts";
import type { FaultRecordingStimulus } from "../machines/fault/fault-recording.ts";
import { faultRecording } from "../machines/fault/fault-recording.ts";
import type { AttachmentStimulus } from "../machines/host/attachment.ts";
import { attachment } from "../machines/host/attachment.ts";
import type { RemappingStimulus } from "../machines/interrupt/remapping.ts";
import { remapping } from "../machines/interrupt/remapping.ts";
import type { QueueStimulus } from "../machines/queue/queue.ts";
import { queue } from "../machines/queue/queue.ts";
import type { EventLineStimulus } from "../machines/registers/event-line.ts";
import { eventLine } from "../machines/registers/event-line.ts";
import type { ProtectionStimulus } from "../machines/registers/protection.ts";
import { protection } from "../machines/registers/protection.ts";
import type { CommandStimulus } from "../machines/registers/register-command.ts";
import { command } from "../machines/registers/register-command.ts";

/** A chart and what it is told, over and over. */
export interface Course {
  readonly chart: CompiledChart;
  readonly stimuli: readonly Stimulus[];
}

const source = sourceId(0x20);
const page = iova(0x180_6000n);

/** A submission of two descriptors, as a driver does it, then an error and its recovery. */
const queueStimuli: readonly QueueStimulus[] = [
  { type: "Enable", value: 0x4000n },
  { type: "TailMoved", hasWork: true },
  { type: "Executed", head: 16, wait: false },
  { type: "MustWait" },
  { type: "Answered", allAnswered: true },
  { type: "Executed", head: 32, wait: true },
  { type: "Emptied" },
  { type: "TailMoved", hasWork: true },
  { type: "Failed", error: "IQE", iqei: 3, source: undefined },
  { type: "ErrorCleared", anyLeft: false },
  { type: "Disable", mayDisable: true },
];

const fault = (index: number, busy: boolean, repeated: boolean): FaultRecordingStimulus => ({
  type: "Fault",
  source,
  reason: 6,
  page,
  access: "read",
  index,
  busy,
  suppressed: false,
  rights: {},
  repeated,
});
const faultStimuli: readonly FaultRecordingStimulus[] = [
  fault(0, false, false),
  fault(1, false, true),
  fault(1, true, false),
  fault(1, true, false),
  { type: "ClearOverflow", anyRecord: true },
  { type: "ClearRecord", index: 0, last: true },
];

const message = { line: "fault", address: 0xfee0_0000n, data: 0x31 } as const;
const eventStimuli: readonly EventLineStimulus[] = [
  { type: "Raise", ...message },
  { type: "Unmask", ...message },
  { type: "Raise", ...message },
  { type: "Mask" },
  { type: "Raise", ...message },
  { type: "Withdraw", line: "fault" },
];

const entry = { source, state: "blocked", did: 0, reason: 2, fpd: false } as const;
const attachmentStimuli: readonly AttachmentStimulus[] = [
  { type: "Resolve", entry },
  { type: "Resolve", entry: { ...entry, state: "passThrough", did: 1 } },
  { type: "Remove" },
];

const landed: FactOf<"DmaLanded"> = {
  type: "DmaLanded",
  device: source,
  access: "read",
  gpa: gpa(0x5000n),
  hpa: hpa(0x1_0000_5000n),
};
const translated: FactOf<"DmaTranslated"> = {
  ...landed,
  type: "DmaTranslated",
  iova: page,
  size: "4K",
  read: true,
  write: true,
  length: 512,
};
/** The last state of a request has no way on: what is told after that changes nothing. */
const requestStimuli: readonly RequestStimulus[] = [
  { type: "Translate", translated, landed, inFlight: true },
  { type: "Land", landed },
];

const fact = { scope: "domain", did: 1 } as const;
const commandStimuli: readonly CommandStimulus[] = [
  { type: "ContextCommand", queueEnabled: false, granularity: 2, fact },
  { type: "IotlbCommand", queueEnabled: false, granularity: 2, fact },
  { type: "IotlbCommand", queueEnabled: true, granularity: 2, fact },
];

const translationStimuli: readonly TranslationStimulus[] = [
  { type: "SetRootPointer", value: 0x1000n },
  { type: "Enable" },
  { type: "SetRootPointer", value: 0x2000n },
  { type: "Disable" },
];
const remappingStimuli: readonly RemappingStimulus[] = [
  { type: "SetTable", value: 0x1000n },
  { type: "Enable" },
  { type: "Disable" },
];
const protectionStimuli: readonly ProtectionStimulus[] = [{ type: "Enable" }, { type: "Disable" }];

const course = (chart: CompiledChart, stimuli: readonly object[]): Course => ({
  chart,
  stimuli: stimuli as readonly Stimulus[],
});

/** Every chart, with a course through most of its transitions that ends where it began. */
export const courses: readonly Course[] = [
  course(queue, queueStimuli),
  course(faultRecording, faultStimuli),
  course(eventLine, eventStimuli),
  course(attachment, attachmentStimuli),
  course(request, requestStimuli),
  course(command, commandStimuli),
  course(translation, translationStimuli),
  course(remapping, remappingStimuli),
  course(protection, protectionStimuli),
];
