import type { Recogniser } from "../recogniser.ts";

/** Lines of the driver that say that all is well. */
const forms: readonly (readonly [RegExp, string])[] = [
  [/(?:DMAR|Intel-IOMMU): (?:IOMMU )?enabled$/, "the driver is on"],
  [/DMAR: IOMMU disabled/, "the driver is off"],
  [/ACPI: (?:DMAR|Reserving DMAR) /, "the table is there"],
  [/Intel\(R\) Virtualization Technology for Directed I\/O/, "the driver is on"],
  [/DMAR: No (?:ATSR|RMRR|SATC) found/, "what the table does not have"],
  [/: Using (?:Queued|Register based) invalidation/, "how is invalidated"],
  [/DMAR-IR: (?:IOAPIC|HPET) id \d+ under DRHD base/, "where interrupts come from"],
  [/DMAR-IR: Queued invalidation will be enabled/, "how is invalidated"],
  [/DMAR-IR: Copied IR table for|DMAR: Copied translation tables/, "tables taken over"],
  [/(?:Hardware|Software) identity mapping for device/, "mapped to itself"],
  [/Adding to iommu group|iommu: Default domain type|DMA domain TLB invalidation/, "groups"],
  [/DMAR: \[Firmware Bug\]:\s*$/, "the beginning of a line"],
  [/DMAR: Intel-IOMMU|DMAR: Forcing DAC|DMAR: Disable (?:GFX|batched|supported)/, "an option"],
  [/DMAR: (?:Enable scalable mode if hardware supports|Scalable mode is disallowed)/, "an option"],
  [/DMAR: Setting RMRR|Prepare 0-16MiB unity mapping/, "regions are mapped"],
  [/PCI-DMA: Using (?:DMAR IOMMU|software bounce)/, "the driver is on"],
  [/DMAR: IOMMU feature \S+ inconsistent/, "units differ"],
  [/^\s*[A-Z0-9]{4} @ (?:0x)?[0-9A-Fa-f]{8,16}\s*$/, "the heading of a table"],
];

/** Reads lines of Linux's driver that need no explanation. */
export const readPlainLine: Recogniser = (words) => {
  const what = forms.find(([form]) => form.test(words))?.[1];
  return what === undefined ? undefined : { kind: "plain", what };
};
