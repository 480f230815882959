import { hex } from "../../events/address.ts";
import { SecondStageEntry } from "../../events/shadow/second-stage-entry.ts";
import { hexNumber } from "../number-text.ts";
import type { Recogniser } from "../recogniser.ts";

const form = /DMA PTE for vPFN (0x[0-9a-f]+) already set \(to ([0-9a-f]+) not ([0-9a-f]+)\)/;

const leaf = (entry: bigint): string => {
  const { r, w, address } = SecondStageEntry.decode(entry);
  return `${hex(entry)}: page ${hex(address)}, R=${r ? "1" : "0"} W=${w ? "1" : "0"}`;
};

/** A mapping that Linux makes where there is one. */
export const readMappingLine: Recogniser = (words) => {
  const [, frame, old, wanted] = form.exec(words) ?? [];
  const [page, is, not] = [hexNumber(frame), hexNumber(old), hexNumber(wanted)];
  if (page === undefined || is === undefined || not === undefined) return undefined;
  const why =
    is === not
      ? "Both are the same, so the same page was mapped twice: a region of the firmware that is " +
        "mapped for each device of a group, or a page that was handed out twice."
      : "The two differ: the address was not free. Somebody uses addresses that the kernel hands " +
        "out (a reserved region that was not set aside, an unmapping that was forgotten).";
  return {
    kind: "message",
    from: "Linux",
    severity: "error",
    what: "mapped over a mapping",
    means: `The driver was to map a page whose entry is set already; it leaves the old one. ${why}`,
    facts: { address: hex(page << 12n), is: leaf(is), "was to be": leaf(not) },
    next: [
      "record the trace events iommu:map and iommu:unmap, and list them with shadowfold trace",
      "compare the address with the RMRR lines of dmesg and " +
        "/sys/kernel/iommu_groups/*/reserved_regions",
    ],
  };
};
