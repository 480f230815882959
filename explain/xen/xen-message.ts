import type { MessageForm } from "../message-form.ts";
import { messageReader } from "../message-form.ts";
import { hexNumber } from "../number-text.ts";
import type { Recogniser } from "../recogniser.ts";
import { firstOf } from "../recogniser.ts";

const table = "shadowfold dmar show FILE shows the firmware's table and what Xen stumbles over";

const forms: readonly MessageForm[] = [
  {
    form: /Non-existent device \((\S+)\) is reported\s+in (RMRR|SATC)/,
    severity: "warning",
    what: "scope of a device that is not there",
    means: "The table names a device that cannot be found on the bus.",
    facts: ["device", "in"],
    next: [table],
  },
  {
    form: /Non-existent device \((\S+)\) in this DRHD's scope/,
    severity: "warning",
    what: "scope of a device that is not there",
    means:
      "A unit is for a device that cannot be found; with all of them missing Xen leaves it out.",
    facts: ["device"],
    next: [table],
  },
  {
    form: /Ignore (?:the )?RMRR ?[[(]([^\])]*)[\])]/,
    severity: "warning",
    what: "region of no device",
    means: "No device of the region can be found, so that Xen does not map it.",
    facts: ["region"],
    next: [table],
  },
  {
    form: /Overlapping RMRRs/,
    severity: "error",
    what: "regions that overlap",
    means: "Xen takes neither of two regions with common pages.",
    next: [table],
  },
  {
    form: /Invalid (?:device scope|ACPI DMAR entry length)/,
    severity: "error",
    what: "damaged DMAR table",
    means: "A structure of the table does not fit; Xen turns VT-d off.",
    next: [table],
  },
  {
    form: /IOMMU#(\d+): QI( dev)? wait descriptor taking too long/,
    severity: "error",
    what: "invalidation takes too long",
    means: "A wait descriptor is not done: the unit is halted, or a device does not answer.",
    facts: ["unit", "of"],
    next: ["the registers IQA, IQH and IQT are printed behind it; FSTS says whether it is halted"],
  },
  {
    form: /IOMMU#(\d+): no QI slot available/,
    severity: "error",
    what: "invalidation queue full",
    means:
      "The unit does not take descriptors any more: it is halted, or a device does not answer.",
    facts: ["unit"],
  },
  {
    form: /Compatibility Format Interrupts permitted on IOMMU #(\d+)/,
    severity: "warning",
    what: "compatibility-format interrupts pass",
    means: "Interrupts can go around the remapping table: device pass-through is not secure.",
    facts: ["unit"],
  },
  {
    form: /(\S+): RMRR mapping failed|RMRR mapping failed/,
    severity: "error",
    what: "region not mapped",
    means: "A reserved region could not be mapped for a device, which then faults when it uses it.",
    facts: ["domain"],
  },
  {
    form: /(\S+): no upstream bridge for (\S+)/,
    severity: "error",
    what: "device behind no bridge",
    means: "The bridge whose source-id the device's requests carry is not found.",
    facts: ["domain", "device"],
  },
];

const region: Recogniser = (words) => {
  const form = /RMRR(?: region: base_addr |: \[)([0-9a-f]+)(?: end_addr |,)([0-9a-f]+)/;
  const [, first, last] = form.exec(words) ?? [];
  const [base, end] = [hexNumber(first), hexNumber(last)];
  return base === undefined || end === undefined ? undefined : { kind: "region", base, end };
};

const width: Recogniser = (words) => {
  const bits = /\[VT-D\]Host address width (\d+)/.exec(words)?.[1];
  if (bits === undefined) return undefined;
  return { kind: "listed", what: "host address width", hostAddressWidth: Number(bits) };
};

/** What Xen finds and does. */
const plainForms: readonly RegExp[] = [
  /\[VT-D\] ?(?:found ACPI_DMAR_|\s*(?:endpoint|bridge|IOAPIC|MSI HPET): )/,
  /\[VT-D\] ?\s*(?:dmaru->address|flags: |atsru->|rhsau->|ATC required)/,
  /\[VT-D\] ?(?:iommu_enable_translation|d\S+:(?:PCIe?|Hostbridge): )/,
  /\[VT-D\].*(?:Disabled protected memory|QI: using)/,
  /Intel VT-d (?:iommu|Snoop|Dom0|Queued|Interrupt|Posted|Shared)/,
];

const plain: Recogniser = (words) =>
  plainForms.some((one) => one.test(words))
    ? { kind: "plain", what: "what Xen finds and does" }
    : undefined;

/** What else Xen's driver says. */
export const readXenMessage: Recogniser = firstOf([
  region,
  width,
  messageReader("Xen", forms),
  plain,
]);
