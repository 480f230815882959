import type { MessageForm } from "../message-form.ts";

const optOut = "the kernel option intremap=no_x2apic_optout does without the firmware's wish";

/** What the interrupt remapping driver says. */
export const interruptForms: readonly MessageForm[] = [
  {
    form: /x2apic is disabled because BIOS sets x2apic opt out bit/,
    severity: "information",
    what: "x2APIC mode left off",
    means: "The DMAR table has X2APIC_OPT_OUT set: the firmware asks for xAPIC mode.",
    next: [optOut],
  },
  {
    form: /Use 'intremap=no_x2apic_optout' to override/,
    severity: "information",
    what: "how to turn x2APIC mode on",
    means: "Said behind the line about the opt-out.",
  },
  {
    form: /IRQ remapping doesn't support X2APIC mode/,
    severity: "warning",
    what: "no x2APIC mode",
    means:
      "Interrupts are not remapped with 32-bit destinations (no ECAP.EIM, an opt-out, or no " +
      "usable table), so that at most 255 CPUs can be used.",
    next: [optOut],
  },
  {
    form: /Enabled IRQ remapping in (x2apic|xapic) mode/,
    severity: "information",
    what: "interrupts are remapped",
    means: "Interrupt remapping is on.",
    facts: ["mode"],
  },
  {
    form: /Failed to enable irq remapping|IRQ remapping init failed|Failed to init IR table/,
    severity: "error",
    what: "interrupts are not remapped",
    means: "A device can send any interrupt to any CPU; the line before says what was missing.",
  },
  {
    form: /[Nn]ot enabling interrupt remapping|This system BIOS has enabled interrupt remapping/,
    severity: "warning",
    what: "interrupt remapping left off",
    means: "The chipset is one of those on which it does not work.",
  },
  {
    form: /Compatibility-format IRQs enabled despite intr remapping/,
    severity: "error",
    what: "compatibility-format interrupts pass",
    means: "GSTS.CFIS stayed set: interrupts can go around the remapping table.",
  },
  {
    form: /IRQ remapping was enabled on (\S+) but we are not in kdump mode/,
    severity: "warning",
    what: "interrupt remapping was on already",
    means: "Firmware, or another kernel before this one, left it on; it is set up anew.",
    facts: ["unit"],
  },
  {
    form: /(?:ioapic|IO-APIC) \d+ has no mapping iommu|There is not a DRHD for IOAPIC/i,
    severity: "error",
    what: "IOAPIC under no unit",
    means: "No unit's scopes name an IOAPIC of the machine; interrupts are not remapped.",
    next: ["shadowfold dmar show /sys/firmware/acpi/tables/DMAR shows the scopes"],
  },
];
