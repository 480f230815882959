import { describe, expect, test } from "vitest";
import { checkTrace } from "../../audit/trace/check.ts";
import type { Deed } from "./made-up.ts";
import { ask, qemuLines } from "./made-up.ts";
import { traceOf } from "./trace.ts";

const kinds = (lines: readonly string[]) =>
  checkTrace(traceOf("qemu", lines)).findings.map(({ kind }) => kind);

const steps = Array.from(
  { length: 300 },
  (_, page): Deed => ({ do: "invalidate", words: ask.pages(4, page) }),
);
const lines = qemuLines(steps);
/** The index of the nth line that a pattern finds. */
const at = (pattern: RegExp, nth: number): number =>
  lines.flatMap((line, index) => (pattern.test(line) ? [index] : []))[nth] ?? -1;
const without = (index: number, count = 1) => lines.toSpliced(index, count);

describe("the ring", () => {
  test("[TC5] that wraps around is in order", () => {
    expect(kinds(lines)).toEqual([]);
  });

  test("[TC5] a descriptor that is missing is found", () => {
    expect(kinds(without(at(/vtd_inv_desc inv/, 40)))).toEqual(["missingDescriptor"]);
  });

  test("[TC5] an entry that is missing is found, a wait too", () => {
    expect(kinds(without(at(/qi_head/, 80), 2))).toEqual(["ringGap"]);
    expect(kinds(without(at(/qi_head/, 81), 3))).toEqual(["ringGap"]);
    expect(kinds(without(at(/qi_head/, 80)))).toContain("ringGap");
  });

  test("[TC5] a submission that is missing as a whole is found", () => {
    expect(kinds(without(at(/qi_tail/, 50), 7))).toContain("ringGap");
  });

  test("[TC5] a tail outside the ring or refused is found", () => {
    const bad = "vtd_inv_qi_tail write tail 300";
    expect(kinds([...lines, bad])).toEqual(["badTail"]);
    expect(kinds([...lines, "vtd_warn_invalid_qi_tail tail 0x200"])).toEqual(["badTail"]);
  });

  test("[TC5] in scalable mode QEMU leaves some descriptors out", () => {
    const scalable = ["vtd_reg_dmar_root addr 0x1000 scalable 1", ...lines];
    const hole = scalable.toSpliced(at(/vtd_inv_desc inv/, 40) + 1, 1);
    const report = checkTrace(traceOf("qemu", hole));
    expect([report.findings, report.verdicts.notObservable]).toEqual([[], 1]);
  });

  test("[TC5] what QEMU 10 leaves out are PASID-cache descriptors alone", () => {
    const pasid = (page: number): string =>
      `vtd_inv_desc invalidate desc type p-iotlb high 0x${page.toString(16)}000 low 0x30036`;
    const all = ["vtd_reg_dmar_root addr 0x1000 scalable 1", ...lines].map((line, index) =>
      /type iotlb/.test(line) ? pasid(index) : line,
    );
    const whole = "vtd_inv_desc invalidate desc type p-iotlb high 0x0 low 0x30026";
    const index = at(/vtd_inv_desc inv/, 40) + 1;
    const next = at(/type iotlb/, 21) + 1;
    expect(kinds(all.with(next, whole).toSpliced(index, 1))).toEqual([]);
    expect(kinds(all.toSpliced(index, 1))).toEqual(["missingDescriptor"]);
  });

  test("[TC5] what is executed without a descriptor in the trace is found", () => {
    const echo = "vtd_inv_desc_iotlb_pages iotlb invalidate domain 0x4 addr 0x28000 mask 0x0";
    const index = at(/vtd_inv_desc inv/, 80);
    expect(lines[index]).toContain("high 0x28000 ");
    expect(kinds(lines.toSpliced(index + 1, 0, echo))).toEqual([]);
    expect(kinds(lines.toSpliced(index, 1, echo))).toContain("missingDescriptor");
  });

  test("[TC5] what a register asks for counts as an invalidation", () => {
    const asked = ["vtd_reg_write addr 0x28 size 0x8 value 0xa000000000000000"];
    const done = "vtd_inv_desc_cc_global context invalidate globally";
    const { findings, invalidations } = checkTrace(traceOf("qemu", [...asked, done]));
    expect(invalidations).toEqual({ "contextCache global": 1 });
    expect(findings).toEqual([]);
    expect(kinds([...lines, done])).toEqual(["missingDescriptor"]);
  });
});
