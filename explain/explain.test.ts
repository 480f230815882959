import { describe, expect, test } from "vitest";
import { faultReasons } from "../events/fault/fault-reason.ts";
import { reasonText } from "../events/fault/fault-text.ts";
import { explainLines } from "./explain.ts";
import type { Finding } from "./finding/finding.ts";

const explain = (...lines: readonly string[]) => explainLines(lines);
const findingsOf = (kind: string, ...lines: readonly string[]): readonly Finding[] =>
  explain(...lines).findings.filter((one) => one.kind === kind);

/** Facts of the only fault in these lines. */
function faultOf(...lines: readonly string[]): Finding {
  const [one, ...others] = findingsOf("fault", ...lines);
  expect(others).toEqual([]);
  if (one === undefined) throw new Error("no fault");
  return one;
}

const verdictOf = (finding: Finding | undefined): string =>
  finding?.walks.map(({ verdict }) => verdict.kind).join(" ") ?? "";

const isInterrupt = (code: number): boolean => code >= 0x20 && code < 0x30;
const line = (code: string): string =>
  `DMAR: [DMA Read NO_PASID] Request device [02:00.1] fault addr 0x1000 [fault reason ${code}] ?`;

describe("a fault", () => {
  test("[PA9] has its reason in either base, whatever the words", () => {
    for (const code of [...faultReasons.keys()].filter((one) => !isInterrupt(one))) {
      const hexadecimal = line(`0x${code.toString(16).padStart(2, "0")}`);
      const decimal =
        "DMAR: [DMA Read] Request device [02:00.1] PASID ffffffff fault addr 1000 " +
        `[fault reason ${code.toString().padStart(2, "0")}] ?`;
      for (const text of [hexadecimal, decimal]) {
        const { facts, title } = faultOf(text);
        expect([text, facts["reason"], facts["device"], facts["PASID"]]).toEqual([
          ...[text, reasonText(code), "02:00.1", "none"],
        ]);
        expect(title).toContain(faultReasons.get(code)?.text.slice(4, -1) ?? "?");
      }
    }
  });

  test.each([
    ["0x79", "SM: Read/Write permission error in second-level paging entry", "79h", false],
    ["06", "PTE Read access is not set", "6h", false],
    ["12", "non-zero reserved fields in PTE", "Ch", false],
    ["113", "SM: Present bit in first-level paging entry is clear", "71h", false],
    ["0x12", "non-zero reserved fields in PTE", "Ch", true],
  ])("[PA9] %s is checked by its words", (digits, words, reason, isDoubtful) => {
    const { facts, hints } = faultOf(`${line(digits).slice(0, -1)}${words}`);
    expect(facts["reason"]).toBe(reason);
    expect(hints.some((hint) => hint.includes("doubtful"))).toBe(isDoubtful);
  });

  const denied = "PTE Write access is not set";
  const dma = "DMAR: [DMA Write] Request device [03:00.0]";
  const first = "DMAR:[DMA Write] Request device [03:00.0] fault addr ffe65000 ";
  const five = "fault addr 0xffe65000 [fault reason 0x05]";
  const xen = "(XEN) [VT-D]DMAR:[DMA Write] Request device [0000:03:00.0] fault addr ffe65000";
  test.each([
    ["3.2", [first, `DMAR:[fault reason 05] ${denied}`], "none"],
    ["4.20", [`${dma} fault addr ffe65000 [fault reason 05] ${denied}`], "none"],
    ["5.4", [`${dma} PASID ffffffff fault addr ffe65000 [fault reason 05] ${denied}`], "none"],
    ["5.10", [`${dma} PASID 14 fault addr ffe65000 [fault reason 05] ${denied}`], "0x14"],
    ["5.14", [`DMAR: [DMA Write NO_PASID] Request device [0x03:0x00.0] ${five} ${denied}`], "none"],
    ["6.13", [`DMAR: [DMA Write PASID 0x14] Request device [03:00.0] ${five} ${denied}`], "0x14"],
    ["Xen 4.17", [xen, `(XEN) [VT-D]DMAR: reason 05 - ${denied}`], "not told"],
  ] as const)("[PA9] is read as %s prints it", (_who, lines, pasid) => {
    expect(faultOf(...lines).facts).toMatchObject({
      ...{ reason: "5h", device: "03:00.0", request: "write", address: "0xffe65000" },
      PASID: pasid,
    });
  });

  test("[PA9] is found in code marks, with the time before it", () => {
    const { lines, findings } = explain(
      `\`[   12.3] ${line("0x06")}\``,
      "`[   12.3] DMAR: [fault reason 05] PTE?`",
    );
    expect([lines.unrecognised, findings.length > 0]).toEqual([0, true]);
  });

  test("[PA9] of Xen's has its reason in hexadecimal, without a mark and with an h", () => {
    for (const reason of ["reason 71 - ?", "[fault reason 71h] ?"]) {
      const { facts } = faultOf(xen, `(XEN) [VT-D]DMAR: ${reason}`);
      expect([reason, facts["reason"], facts["PASID"]]).toEqual([reason, "71h", "not told"]);
    }
  });

  test("[PA9] of an interrupt has its index, also in the lines of kernels 3.x", () => {
    const newer =
      "DMAR: [INTR-REMAP] Request device [f0:1f.0] fault index 0x12 [fault reason 0x22] " +
      "Present field in the IRTE entry is clear";
    const older = [
      "INTR-REMAP: Request device [[f0:1f.0] fault index 12",
      "INTR-REMAP:[fault reason 34] Present field in the IRTE entry is clear",
    ];
    for (const lines of [[newer], older]) {
      const [one] = findingsOf("interrupt fault", ...lines);
      expect(one?.facts).toMatchObject({ reason: "22h", device: "f0:1f.0", index: "0x12" });
    }
  });
});

const head = "B.D.F\tRoot_entry\tContext_entry\tPASID\tPASID_table_entry";
const none = `0x${"0".repeat(16)}`;
const row = (device: string, root: string, context: string): string =>
  `${device}\t${none}:${root}\t${context}\t-1\t${none}:${none}:${none}`;
const tables = [
  "IOMMU dmar0: Root Table Address: 0x103027000",
  head,
  row("02:00.0", "0x000000010303e001", "0x0000000000000102:0x00000001017f8005"),
];
const pages = [
  "Device 0000:02:00.0 @0x1017f8000",
  "IOVA_PFN\tPML5E\tPML4E\tPDPE\tPDE\tPTE",
  "0x0000000000001 " +
    `|\t${none}\t0x00000001017f9003\t0x00000001017fa003\t0x00000001017fb003\t0x000000008d801001`,
];
const asks = (kind: string, device: string, at: string, code: string): string =>
  `DMAR: [DMA ${kind} NO_PASID] Request device [${device}] fault addr ${at} [fault reason ` +
  `${code}] ?`;

describe("a fault beside debugfs files", () => {
  test.each([
    ["Write", "02:00.0", "0x1000", "0x05", "justified"],
    ["Read", "02:00.0", "0x1000", "0x06", "later"],
    ["Read", "02:00.0", "0x5000", "0x06", "justified"],
    ["Read", "02:00.0", "0x1000", "0x02", "later"],
    ["Read", "02:00.1", "0x1000", "0x02", "justified"],
    ["Read", "02:00.1", "0x1000", "0x06", "other"],
    ["Read", "03:00.0", "0x1000", "0x02", "undecidable"],
    ["Read", "02:00.0", "0x1000", "0x07", "undecidable"],
  ])("[PA9] a %s of %s at %s for %s is %s", (kind, device, at, code, verdict) => {
    const found = faultOf(asks(kind, device, at, code), ...tables, ...pages);
    expect([verdictOf(found), found.walks[0]?.verdict.text]).toEqual([verdict, expect.any(String)]);
    const isByAbsence = at === "0x5000" || (device === "02:00.1" && verdict === "justified");
    expect(found.walks[0]?.verdict.text.includes("as far as the listing is whole")).toBe(
      isByAbsence,
    );
  });

  const irtes = [
    "Remapped Interrupt supported on IOMMU: dmar0",
    "IR table address:100900000",
    "Entry SrcID   DstID    Vct IRTE_high           IRTE_low",
    "18    00:1f.0 00000080 24  00000000000400f8    000000800024000d",
  ];
  test.each([
    ["00:1f.0", "0x12", "0x22", "later"],
    ["00:1f.0", "0x13", "0x22", "justified"],
    ["00:1e.0", "0x12", "0x26", "justified"],
    ["00:1f.0", "0x12", "0x26", "later"],
    ["00:1f.0", "0x12", "0x25", ""],
    ["00:1f.0", "0x12", "0x21", "undecidable"],
  ])("[PA9] an interrupt of %s at %s for %s is %s", (device, index, code, verdict) => {
    const text =
      `DMAR: [INTR-REMAP] Request device [${device}] fault index ${index} [fault reason ` +
      `${code}] ?`;
    expect(verdictOf(findingsOf("interrupt fault", text, ...irtes)[0])).toBe(verdict);
  });
});
