import type { MessageForm } from "../message-form.ts";

const showTable = "shadowfold dmar show /sys/firmware/acpi/tables/DMAR shows what the table says";

/** What Linux says of a DMAR table that it stumbles over. */
export const firmwareForms: readonly MessageForm[] = [
  {
    form: /No firmware reserved region can cover this RMRR \[(0x[0-9a-f]+-0x[0-9a-f]+)\]/,
    severity: "warning",
    what: "RMRR outside reserved memory",
    means:
      "The memory map of the firmware (e820) does not reserve all of the region that an RMRR " +
      "names. Linux maps the region for its devices all the same.",
    facts: ["region"],
    next: ["compare the region with the e820 lines at the beginning of dmesg", showTable],
  },
  {
    form: /Your BIOS is broken; bad RMRR \[(0x[0-9a-f]+-0x[0-9a-f]+)\]/,
    severity: "warning",
    what: "bad RMRR",
    means: "The region fails a check; Linux sets its firmware taint and goes on.",
    facts: ["region"],
    next: [showTable],
  },
  {
    form: /Your BIOS is broken; RMRR ends before it starts/,
    severity: "warning",
    what: "RMRR that ends before it starts",
    means: "The region's end is below its base: it is of no use to its devices.",
    next: [showTable],
  },
  {
    form: /Your BIOS is broken; DMAR reported at address ([0-9a-f]+)( returns all ones)?/,
    severity: "error",
    what: "unit where there is none",
    means:
      "The table names a unit whose registers are not there: its base is 0, or reads give ones. " +
      "Linux uses no IOMMU then.",
    facts: ["register base", "and"],
    next: [
      "turn VT-d on (or off and on again) in the firmware's set-up, or update the firmware",
      showTable,
    ],
  },
  {
    form: /RHSA refers to non-existent DMAR unit at ([0-9a-f]+)/,
    severity: "warning",
    what: "RHSA of no unit",
    means: "A NUMA node is given for a unit that no DRHD names; Linux passes it by.",
    facts: ["register base"],
    next: [showTable],
  },
  {
    form: /ANDD object name is not NUL-terminated/,
    severity: "error",
    what: "ANDD without an end",
    means: "The name of an ACPI device has no zero byte at its end; Linux uses no IOMMU then.",
    next: [showTable],
  },
  {
    form: /RMRR entry for device (\S+) is broken - applying workaround/,
    severity: "warning",
    what: "RMRR with a bus for a path",
    means:
      "A scope has the device's own bus where the first bus of its path belongs; Linux sees it.",
    facts: ["device"],
    next: [showTable],
  },
  {
    form: /Failed to (?:find handle|get device) for ACPI object (\S+)/,
    severity: "warning",
    what: "ANDD of no device",
    means: "The table names an ACPI device that the firmware's namespace does not have.",
    facts: ["object"],
    next: [showTable],
  },
  {
    form: /No IOMMU scope found for ANDD enumeration ID (\d+) \((\S+)\)/,
    severity: "warning",
    what: "ACPI device without a unit",
    means: "No unit's scopes have the number of this ACPI device, so its DMA is not translated.",
    facts: ["number", "device"],
    next: [showTable],
  },
  {
    form: /Device scope type does not match for (\S+)/,
    severity: "error",
    what: "scope of the wrong kind",
    means: "The scope says endpoint and the device is a bridge, or the other way round.",
    facts: ["device"],
    next: [showTable],
  },
  {
    form: /Unsupported device scope|Unknown scope type/,
    severity: "warning",
    what: "scope of an unknown kind",
    means: "A device scope is of a type that this kernel does not know.",
    next: [showTable],
  },
  {
    form: /Invalid DMAR haw|Zero: Invalid DMAR width/,
    severity: "error",
    what: "host address width that cannot be",
    means: "The table's host address width is less than a page; no IOMMU is used.",
    next: [showTable],
  },
  {
    form: /(?:Record passes table end|Invalid 0-length structure|No DRHD structure found)/,
    severity: "error",
    what: "damaged DMAR table",
    means: "The table's structures do not fit together.",
    next: [showTable],
  },
  {
    form: /[Pp]arse DMAR table failure/,
    severity: "error",
    what: "DMAR table not usable",
    means: "The table could not be read to its end: there is no IOMMU. The line before says why.",
    next: [showTable],
  },
  {
    form: /No DMAR devices found/,
    severity: "warning",
    what: "no units",
    means: "The table names no unit that can be used.",
    next: [showTable],
  },
  {
    form: /BIOS assigned incorrect VT-d unit for Intel\(R\) QuickData Technology device/,
    severity: "warning",
    what: "QuickData device under the wrong unit",
    means: "The table puts the device under a unit that is not its own; Linux leaves it out.",
    next: [showTable],
  },
  {
    form: /BIOS vendor: /,
    severity: "information",
    what: "the firmware's name",
    means: "Who made the firmware that the lines before complain of.",
  },
];
