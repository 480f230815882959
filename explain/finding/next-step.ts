import type { Origin } from "../observation.ts";

const debugfs = "/sys/kernel/debug/iommu/intel (CONFIG_INTEL_IOMMU_DEBUGFS)";

/** What somebody can record to find the cause, and what reads it. */
export const steps = {
  maps:
    "record the trace events iommu:map, iommu:unmap and intel_iommu:qi_submit while it happens; " +
    "shadowfold replay FILE tells which unmapping was not announced, shadowfold trace FILE lists " +
    "them",
  dump:
    "let the kernel print the tables behind each fault (CONFIG_DMAR_DEBUG), and give explain " +
    "both",
  tables: `cat dmar_translation_struct in ${debugfs} into explain, for context and PASID entries`,
  pages:
    `cat domain_translation_struct in ${debugfs} into explain; with --state FILE it makes a ` +
    "state that shadowfold translate and shadowfold why answer questions about",
  registers: `cat iommu_regset in ${debugfs} into explain, for CAP, ECAP, GSTS and FSTS`,
  interrupts: `cat ir_translation_struct in ${debugfs} into explain, for the interrupt entries`,
  queue: `cat invalidation_queue in ${debugfs} into explain`,
  strict:
    "boot with iommu.strict=1: if the fault moves to another place, an unmapping was late to " +
    "take effect",
  passthrough: "boot with iommu.passthrough=1 to see whether translation is what matters",
  apiDebug: "CONFIG_DMA_API_DEBUG tells of drivers that map and unmap in the wrong way",
  table: "shadowfold dmar show /sys/firmware/acpi/tables/DMAR shows units, regions and scopes",
  lspci:
    "lspci -vv -s DEVICE tells which device it is, and lspci -t what is between it and the root",
  xenVerbose: "start Xen with iommu=verbose,debug, so that it prints the tables behind each fault",
  xenMaps: "Xen's debug key o prints what is mapped for each domain, key V the interrupt entries",
  vtdTrace:
    "start QEMU with -trace 'vtd_*' -D FILE; shadowfold replay FILE judges it, shadowfold trace " +
    "FILE lists invalidations and faults",
  record:
    "shadowfold record makes a log of such a guest in QEMU, and shadowfold why tells who wrote " +
    "each entry",
} as const;

export type Step = keyof typeof steps;

/** Steps of Linux that have their like elsewhere. */
const elsewhere: Readonly<Record<"Xen" | "QEMU", Readonly<Partial<Record<Step, Step>>>>> = {
  Xen: {
    maps: "xenMaps",
    dump: "xenVerbose",
    tables: "xenVerbose",
    pages: "xenMaps",
    interrupts: "xenMaps",
  },
  QEMU: {
    maps: "vtdTrace",
    dump: "vtdTrace",
    tables: "record",
    pages: "record",
    interrupts: "vtdTrace",
  },
};

/** Steps that only a Linux kernel has. */
const linuxOnly: ReadonlySet<Step> = new Set([
  "registers",
  "queue",
  "strict",
  "passthrough",
  "apiDebug",
]);

/** The steps that make sense where something was seen, as sentences, each once. */
export function stepsFor(from: Origin, wanted: readonly Step[]): readonly string[] {
  if (from !== "Xen" && from !== "QEMU") return wanted.map((step) => steps[step]);
  const own = wanted.flatMap((step): readonly Step[] => {
    const other = elsewhere[from][step];
    if (other !== undefined) return [other];
    return linuxOnly.has(step) ? [] : [step];
  });
  return [...new Set(own)].map((step) => steps[step]);
}
