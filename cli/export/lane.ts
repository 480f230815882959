import type { SourceId } from "../../events/address.ts";
import { formatSourceId } from "../../events/address.ts";
import { inputs } from "../../events/input.ts";
import type { Event } from "../../projections/evolve.ts";

/** Lanes by the beginnings of events' names; the first that fits. */
const lanes: readonly (readonly [RegExp, string])[] = [
  [/^(RegisterWrite|RegisterRead|MemoryWrite|CacheFlush)$/, "CPU"],
  [/^(Queue|Descriptor|Wait|Completion)/, "Queue"],
  [/Invalidated$|^(DeviceTlb|Invalidation|WriteBuffer)/, "Invalidations"],
  [/^Shadow/, "Shadow"],
  [/^Host/, "Host IOMMU"],
  [/Fault/, "Faults"],
  [/^(Interrupt|Event|Compatibility)/, "Interrupts"],
  [/^Register/, "Registers"],
  [/^Memory/, "Memory"],
  [/^P2m/, "P2M"],
  [/^Note$/, "Notes"],
];

const requests =
  /^(Dma|DmaIssue|DmaComplete|AtsRequest|DeviceTranslate|PageRequest|MsiRequest|IoapicRequest)$/;
const answers = /^(Dma|Translation|DeviceTranslation|PageRequest|Device.*Answered)/;

const isInput = ({ type }: Event): boolean => Object.hasOwn(inputs, type);

const deviceOf = (event: Event): SourceId | undefined => {
  if ("device" in event && event.device !== undefined) return event.device;
  return "source" in event ? (event.source as SourceId | undefined) : undefined;
};

/**
 * The lane that an event is drawn in: that of a device for its requests and what they come to, else
 * one of the guest's for what it is about.
 */
export function laneOf(event: Event): string {
  const device = deviceOf(event);
  const isRequest = isInput(event) ? requests.test(event.type) : answers.test(event.type);
  if (isRequest && device !== undefined) return `Device ${formatSourceId(device)}`;
  return lanes.find(([names]) => names.test(event.type))?.[1] ?? "Unit";
}
