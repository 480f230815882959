import type { MessageForm } from "../message-form.ts";

/** What the driver says of mappings, domains and units; the reasons of faults are elsewhere. */
export const driverForms: readonly MessageForm[] = [
  {
    form: /identity map for device (\S+) \[(0x[0-9a-f]+ - 0x[0-9a-f]+)\]/i,
    severity: "information",
    what: "region mapped to itself",
    means: "A reserved region of the firmware is mapped to itself for the device.",
    facts: ["device", "region"],
  },
  {
    form: /Device is ineligible for IOMMU domain attach due to platform RMRR requirement/,
    severity: "error",
    what: "device with an RMRR cannot be assigned",
    means:
      "The firmware's table says that this device needs memory mapped to itself. Linux does not " +
      "hand such a device to a guest, since the mapping would be lost.",
    next: ["shadowfold dmar show /sys/firmware/acpi/tables/DMAR shows the region and its devices"],
  },
  {
    form: /Failed to copy translation tables from previous kernel for (\S+)/,
    severity: "error",
    what: "tables of the crashed kernel not copied",
    means:
      "The crash kernel could not take over the tables; DMA that was still in flight faults " +
      "until each driver has reset its device.",
    facts: ["unit"],
  },
  {
    form: /Translation (?:is )?already enabled(?: - trying to copy| on (\S+))/,
    severity: "information",
    what: "translation was on already",
    means: "The firmware or the crashed kernel left translation on.",
    facts: ["unit"],
  },
  {
    form: /No supported address widths\. Not attempting DMA translation/,
    severity: "warning",
    what: "unit that does not translate",
    means: "CAP.SAGAW is 0: the unit remaps interrupts alone.",
  },
  {
    form: /(?:Cannot get a valid|Unsupported) (?:max )?(?:agaw|sagaw)/i,
    severity: "error",
    what: "address width not supported",
    means: "No table depth of CAP.SAGAW is one that the kernel uses; the unit is left out.",
    next: ["read CAP in the line that begins with the unit's name"],
  },
  {
    form: /Failed to map (dmar\d+)|Can't (?:map the region|reserve memory|validate DRHD address)/,
    severity: "error",
    what: "registers not reachable",
    means: "The unit's register page could not be mapped or is claimed by something else.",
    facts: ["unit"],
    next: ["/proc/iomem shows who has the page"],
  },
  {
    form: /Failed to allocate seq_id/,
    severity: "error",
    what: "too many units",
    means: "There are more units than the kernel was built for (DMAR_UNITS_SUPPORTED).",
  },
  {
    form: /Flush IOTLB failed|IOMMU: flush IOTLB failed/,
    severity: "error",
    what: "invalidation by register failed",
    means: "The unit says that it has invalidated nothing (IAIG is 0): old translations may stay.",
  },
  {
    form: /DMAR hardware is malfunctioning/,
    severity: "error",
    what: "unit does not answer",
    means: "A command was not finished in ten seconds; the kernel gives up.",
  },
  {
    form: /iommu width \((\d+)\) is not sufficient for the mapped address \(([0-9a-f]+)\)/,
    severity: "error",
    what: "address too wide for the domain",
    means: "Somebody maps an address beyond what the domain's tables can hold.",
    facts: ["width", "address"],
  },
  {
    form: /(?:Domain ids exhausted|[Nn]o free domain ids?)/,
    severity: "error",
    what: "no domain-id left",
    means: "All domain-ids of CAP.ND are in use on a unit.",
  },
  {
    form: /No free IRQ vectors|Can't request irq|failed to enable fault, interrupt/,
    severity: "error",
    what: "no fault interrupt",
    means: "The unit cannot report faults, so that some may have happened without a line.",
  },
  {
    form: /Failed to setup IOMMU pass-through for (\S+)/,
    severity: "warning",
    what: "no pass-through for a device",
    means: "The device could not be put into the domain that maps everything to itself.",
    facts: ["device"],
  },
  {
    form: /Forcing write-buffer flush capability/,
    severity: "information",
    what: "write buffer is flushed although CAP.RWBF is 0",
    means: "A known fault of the chipset: the driver flushes the write buffer in any case.",
  },
  {
    form: /disabling IOMMU for graphics/i,
    severity: "information",
    what: "no translation for graphics",
    means: "A known fault of the chipset, or of its firmware: graphics stay untranslated.",
  },
];
