import fc from "fast-check";
import { expect, test } from "vitest";
import { checkTrace } from "../../audit/trace/check.ts";
import { sequenceOf } from "../../audit/trace/sequence.ts";
import { compareSequences } from "./compare.ts";
import type { Deed } from "./made-up.ts";
import { ask, linuxLines, qemuLines } from "./made-up.ts";
import { formatNames, traceOf } from "./trace.ts";

const steps: readonly Deed[] = [
  { do: "map", page: 1, pages: 2 },
  { do: "fill", source: 8, page: 1, to: 7, did: 4 },
  { do: "unmap", page: 1, pages: 2 },
  { do: "invalidate", words: ask.pages(4, 1, 1) },
  { do: "invalidate", words: ask.device(8, 1) },
  { do: "invalidate", words: ask.interruptEntry(5) },
  { do: "invalidate", words: ask.context(8) },
  { do: "invalidate", words: ask.domain(4) },
  { do: "attach", source: 8 },
  { do: "interruptEntry", index: 5, value: 7 },
  { do: "fault", source: 8, page: 1 },
];
const all = [
  ...linuxLines(steps),
  ...qemuLines(steps),
  "vtd_reg_dmar_root addr 0x1000 scalable 1",
  "vtd_inv_desc_iotlb_pages iotlb invalidate domain 0x4 addr 0x28000 mask 0x0",
  "vtd_ir_remap_msi (addr 0xfee00000, data 0x31) -> (addr 0xfee00000, data 0x31)",
  "kvm_run_exit cpu_index 0x0, reason 0x2",
  ...[
    "vtd_iova_to_slpte: detected slpte permission error (iova=0x1000, level=0x3, slpte=0x0, " +
      "write=0, pasid=0xffffffff)",
    "vtd_iommu_translate: detected translation failure (dev=00:01:00, iova=0x1000)",
    "vtd_irte_get: detected non-present IRTE (index=24, high=0x4, low=0x3)",
    "New fault is not recorded due to compression of faults",
  ].map((said) => `qemu-system-x86_64: ${said}`),
];

/** A good line, one with its numbers changed, one cut short, or anything. */
const line = fc.oneof(
  fc.constantFrom(...all),
  fc
    .tuple(fc.constantFrom(...all), fc.array(fc.bigInt({ min: 0n, max: 1n << 64n })))
    .map(([text, numbers]) => {
      let at = 0;
      return text.replaceAll(/0x[0-9a-f]+/g, (old) => {
        const value = numbers[at++];
        return value === undefined ? old : `0x${value.toString(16)}`;
      });
    }),
  fc.tuple(fc.constantFrom(...all), fc.nat(80)).map(([text, end]) => text.slice(0, end)),
  fc.string({ unit: "grapheme" }),
);

/** Line ends alone. */
const isBlank = (text: string): boolean => /^\r+$/.test(text);

test("[TC3] whatever the lines are, each is accounted for and nothing throws", () => {
  const property = fc.property(
    fc.array(line, { maxLength: 60 }),
    fc.constantFrom("qemu" as const, "linux" as const),
    (lines, format) => {
      const trace = traceOf(format, lines);
      const { verdicts, findings, notObservable } = checkTrace(trace);
      expect(trace.lines).toBe(lines.length);
      const passedBy = Object.values(trace.passedBy).reduce((sum, count) => sum + count, 0);
      const said = trace.understood + trace.unparsed.count + passedBy;
      const isHeader = (text: string) => format === "linux" && /^(#|cpus=|\s*$)/.test(text);
      const silent = lines.filter((text) => text === "" || isHeader(text)).length;
      expect(said).toBeLessThanOrEqual(lines.length);
      expect(said).toBeGreaterThanOrEqual(lines.length - silent - lines.filter(isBlank).length);
      expect(formatNames[trace.format]).toBeDefined();
      expect(verdicts.disagree).toBe(findings.length);
      const unseen = Object.values(notObservable).reduce((sum, count) => sum + count, 0);
      expect(verdicts.notObservable).toBe(unseen);
      const sequence = sequenceOf(trace.observations);
      expect(compareSequences(sequence, sequence).differences).toEqual([]);
    },
  );
  fc.assert(property, { numRuns: 300 });
});
