import { hexNumber } from "../number-text.ts";
import type { Recogniser } from "../recogniser.ts";

const headForm = /IOMMU: (\S+) Register Base Address: (?:0x)?([0-9a-f]+)/;
const rowForm = /^\s*([A-Z][A-Z0-9_a-f]+)\s+0x[0-9a-f]{2,4}\s+0x([0-9a-f]{16})\s*$/;
const latencyForm = /^\s*(?:<0\.1us|inv_(?:iotlb|devtlb|iec|prq)|prq\b|1ms-10ms)/;

/** Starts to read the files `iommu_regset` and `dmar_perf_latency`, which begin alike. */
export function startRegisterRows(): Recogniser {
  let unit: string | undefined;
  return (words) => {
    const [, name, digits] = headForm.exec(words) ?? [];
    if (name !== undefined) {
      unit = name;
      return { kind: "unit", name, base: hexNumber(digits) };
    }
    if (/^\s*Name\s+Offset\s+Contents/.test(words)) return { kind: "plain", what: "a heading" };
    if (latencyForm.test(words)) return { kind: "plain", what: "how long invalidations took" };
    const [, register, contents] = rowForm.exec(words) ?? [];
    const value = hexNumber(contents);
    if (register === undefined || value === undefined || unit === undefined) return undefined;
    return { kind: "register", unit, name: register, value };
  };
}
