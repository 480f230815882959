import { describe, expect, test } from "vitest";
import { explainLines } from "./explain.ts";
import type { Finding } from "./finding/finding.ts";
import { fieldLine } from "./text/field-text.ts";

const explain = (...lines: readonly string[]) => explainLines(lines);
const findingsOf = (kind: string, ...lines: readonly string[]): readonly Finding[] =>
  explain(...lines).findings.filter((one) => one.kind === kind);

/** The fields of a word or an entry of the first finding of a kind. */
function shown(kind: string, lines: readonly string[]): Readonly<Record<string, string>> {
  const [one] = findingsOf(kind, ...lines);
  const words = one?.words.map(({ name, fields }) => [name, fieldLine(fields)] as const) ?? [];
  const entries =
    one?.entries.map(({ table, fields }) => [table, fieldLine(fields)] as const) ?? [];
  return Object.fromEntries([...words, ...entries]);
}

describe("what is dumped", () => {
  test("[PA10] descriptors of Linux's queue errors are taken apart, with the error", () => {
    const lines = [
      "DMAR: VT-d detected Invalidation Time-out Error: SID 300",
      "DMAR: QI HEAD: Device-TLB Invalidation qw0 = 0x30000000003, qw1 = 0x7ffffffffffff001",
      "DMAR: QI PRIOR: Invalidation Wait qw0 = 0x200000025, qw1 = 0x100a55004",
    ];
    const [one] = findingsOf("queue error", ...lines);
    expect(one?.facts).toMatchObject({ ITE: "of device 03:00.0" });
    expect(one?.hints.join()).toContain("the TLB of 03:00.0");
    const words = shown("queue error", lines);
    expect(words["descriptor at the head"]).toContain("SID=768 (0x300) S=1");
    expect(words["descriptor at the place before"]).toContain("DATA=2 STATUSADDR=0x100a55004");
  });

  test("[PA10] Xen's registers and fault record are taken apart", () => {
    const lines = [
      "(XEN) ---- print_iommu_regs ----",
      "(XEN)  drhd->address = fed91000",
      "(XEN)  VER = 10",
      "(XEN)  CAP = d2008c40660462",
      "(XEN)  GSTS = c7000000",
      "(XEN)  FSTS = 2",
      "(XEN)  n_fault_reg = 1",
      "(XEN)  fault_recording_offset = 200",
      "(XEN)  fault_recording_reg_l = 1000",
      "(XEN)  fault_recording_reg_h = c000000600000300",
    ];
    const words = shown("registers", lines);
    expect(words["CAP"]).toContain("MGAW=");
    expect(words["GSTS"]).toContain("TES=1");
    expect(words["FSTS"]).toContain("PPF=1");
    expect(words["FRCD high"]).toContain("SID=768 (0x300) FR=6");
    expect(words["FRCD low"]).toContain("FI=0x1000");
  });

  test("[PA10] QEMU's messages say which descriptor it refuses", () => {
    const { findings, lines } = explain(
      "qemu-system-x86_64: vtd_process_iotlb_desc: invalid iotlb inv desc: hi=0x0, lo=0x2 " +
        "(type not right)",
    );
    expect(lines.unrecognised).toBe(0);
    expect(findings).toHaveLength(1);
  });

  test("[PA10] Linux's page requests are told in words", () => {
    const { findings } = explain(
      "DMAR: IOMMU: dmar0: Page request without PASID",
      "DMAR: dmar0: Page request without PASID: 0000000003000001 0000000000001006",
    );
    expect(findings.map(({ facts }) => facts["device"])).toContain("03:00.0");
  });

  test("[PA10] a dump's entries are told where no fault is beside them", () => {
    const lines = [
      "DMAR: Dump dmar0 table entries for IOVA 0x1000",
      "DMAR: root entry: 0x0000000000002001",
      "DMAR: context entry: hi 0x0000000000000102, low 0x0000000000003001",
      "DMAR: pte level: 4, pte value: 0x0000000000004003",
      "DMAR: pte level: 3, pte value: 0x0000000000000000",
    ];
    const entries = shown("dump", lines);
    expect(entries["root entry"]).toContain("CTP=0x2000");
    expect(entries["context entry"]).toContain("AW=2 (levels4)");
    expect(Object.keys(entries)).toHaveLength(4);
  });

  test.each([
    [4, "justified"],
    [3, "undecidable"],
    [2, "undecidable"],
    [1, "justified"],
  ])("[PA3] kernels before 6.13 say of level %i that it is not present: %s", (level, verdict) => {
    const [fault] = findingsOf(
      "fault",
      "DMAR: [DMA Read NO_PASID] Request device [00:02.0] fault addr 0x1000 [fault reason 0x06] ?",
      "DMAR: Dump dmar0 table entries for IOVA 0x1000",
      "DMAR: root entry: 0x0000000000002001",
      "DMAR: context entry: hi 0x0000000000000102, low 0x0000000000003001",
      `DMAR: PTE not present at level ${level}`,
    );
    expect(fault?.walks.map((walk) => walk.verdict.kind)).toEqual([verdict]);
  });

  const context = (hi: string, low: string) => [
    "DMAR: Dump dmar0 table entries for IOVA 0x1000",
    "DMAR: scalable mode root entry: hi 0x0000000000000000, low 0x0000000000082001",
    `DMAR: context entry: hi ${hi}, low ${low}`,
    "DMAR: pasid dir entry: 0x0000000000087001",
  ];
  test.each([
    ["page requests without a device TLB", "0x0000000000000000", "0x0000000000085211", "justified"],
    ["a RID_PASID beyond the directory", "0x0000000000002000", "0x0000000000085001", "justified"],
    ["neither", "0x0000000000001fff", "0x0000000000085015", "later"],
  ])("[PA2] 43h of a context entry with %s", (_, hi, low, verdict) => {
    const line =
      "DMAR: [DMA Read NO_PASID] Request device [00:02.0] fault addr 0x1000 [fault reason 0x43] ?";
    const [fault] = findingsOf("fault", line, ...context(hi, low));
    expect(fault?.walks.map((walk) => walk.verdict.kind)).toEqual([verdict]);
  });

  test("[PA3] of a unit that is not told memory types may be there", () => {
    const [fault] = findingsOf(
      "fault",
      "DMAR: [DMA Read PASID 0x1] Request device [00:02.0] fault addr 0x1000 [fault reason 0x71] ?",
      ...context("0x0000000000000000", "0x0000000000085009"),
      "DMAR: pasid table entry[0]: 0x0000000000000049",
      "DMAR: pasid table entry[1]: 0x0000000004000006",
      "DMAR: pasid table entry[2]: 0x000000000008a000",
      ...[3, 4, 5, 6, 7].map((at) => `DMAR: pasid table entry[${at}]: 0x0000000000000000`),
      "DMAR: pte level: 4, pte value: 0x0000000000000000",
    );
    expect(fault?.walks.map((walk) => walk.verdict.kind)).toEqual(["justified"]);
  });

  test("[PA10] a fault is held against its own dump, not the files of debugfs beside it", () => {
    const fault =
      "DMAR: [DMA Read NO_PASID] Request device [00:05.0] fault addr 0x1000 [fault reason 0x02] ?";
    const dump = [
      "DMAR: Dump dmar0 table entries for IOVA 0x1000",
      "DMAR: root entry: 0x0000000101001001",
      "DMAR: context entry: hi 0x0000000000000000, low 0x0000000000000000",
    ];
    const zeros = "0x0000000000000000:0x0000000000000000:0x0000000000000000";
    const files = [
      "IOMMU dmar0: Root Table Address: 0x101000000",
      "B.D.F\tRoot_entry\t\t\t\tContext_entry\t\t\t\tPASID\tPASID_table_entry",
      "00:05.0\t0x0000000000000000:0x0000000101001001\t" +
        `0x0000000000000102:0x0000000101002005\t-1\t${zeros}`,
    ];
    const verdict = (...lines: readonly string[]) =>
      findingsOf("fault", ...lines).flatMap(({ walks }) => walks.map((each) => each.verdict.kind));
    expect(verdict(fault, ...dump, ...files)).toEqual(["justified"]);
    expect(verdict(fault, ...files)).not.toEqual(["justified"]);
  });
});
