import { hexNumber } from "../number-text.ts";
import type { Recogniser } from "../recogniser.ts";

const rowForm = /^\s*(?:print_iommu_regs: )?(?:DMAR_)?([A-Z]+)(?:_REG)? = ([0-9a-f]+)\s*$/;
const recordForm = /^\s*(?:print_iommu_regs: )?fault_recording_reg_([lh]) = ([0-9a-f]+)\s*$/;
const plainForm =
  /^\s*(?:print_iommu_regs: )?(?:n_fault_reg|fault_recording_offset(?:_[lh])?) = [0-9a-f]+\s*$/;

/** Starts to read Xen's dump of a unit's registers, `print_iommu_regs`. */
export function startXenRegisters(): Recogniser {
  let unit = "";
  let isIn = false;
  return (words) => {
    if (/---- print_iommu_regs ----/.test(words)) {
      isIn = true;
      return { kind: "plain", what: "a heading" };
    }
    const base = /drhd->address = ([0-9a-f]+)/.exec(words)?.[1];
    if (base !== undefined) {
      unit = base;
      return { kind: "unit", name: base, base: hexNumber(base) };
    }
    const [, cap, ecap] = /\[VT-D\]cap = ([0-9a-f]+) ecap = ([0-9a-f]+)/.exec(words) ?? [];
    if (cap !== undefined) {
      return { kind: "unit", name: unit, cap: hexNumber(cap), ecap: hexNumber(ecap) };
    }
    const queue = /^\s*(IQ[AHT]) = ([0-9a-f]+)\s*$/.exec(words);
    const [, name, digits] = queue ?? (isIn ? (rowForm.exec(words) ?? []) : []);
    const value = hexNumber(digits);
    if (name !== undefined && value !== undefined) return { kind: "register", unit, name, value };
    if (!isIn) return undefined;
    const [, half, part] = recordForm.exec(words) ?? [];
    const word = hexNumber(part);
    if (word !== undefined) {
      return { kind: "register", unit, name: half === "l" ? "FRCD low" : "FRCD high", value: word };
    }
    return plainForm.test(words)
      ? { kind: "plain", what: "where the fault records are" }
      : undefined;
  };
}
