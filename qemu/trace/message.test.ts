import { describe, expect, test } from "vitest";
import { checkTrace } from "../../audit/trace/check.ts";
import type { Line } from "../../audit/trace/observation.ts";
import { readQemuLine } from "./qemu-log.ts";
import { formatOf, traceOf } from "./trace.ts";

const read = (text: string): Line => readQemuLine(text, 7);
const seen = (observation: object) => ({ result: "observed", observation });
const detail = (fields: object) => seen({ kind: "faultDetail", line: 7, ...fields });
const stamp = "2026-01-01T00:00:00.000000Z ";
const qemu = "qemu-system-x86_64: ";

describe("QEMU's own messages", () => {
  test.each([
    [
      "detected IOVA overflow (iova=0x1000000001000,pasid=0xffffffff)",
      { reason: 4, iova: 0x1_0000_0000_1000n },
    ],
    ["detected IOVA overflow (iova=0x1000000001000)", { reason: 4 }],
    ["detected read error on DMAR slpte (iova=0x2000, pasid=0x5)", { iova: 0x2000n, pasid: 5 }],
    [
      "detected slpte permission error (iova=0x2000, level=0x3, slpte=0x0, write=0, " +
        "pasid=0xffffffff)",
      { reason: 6, access: "read", iova: 0x2000n, level: 3, entry: 0n },
    ],
    [
      "detected sspte permission error (iova=0x2000, level=0x1, sspte=0x7001, write=1, pasid=0x0)",
      { reason: 5, access: "write", level: 1, entry: 0x7001n, pasid: 0 },
    ],
    [
      "detected splte reserve non-zero iova=0x2000, level=0x1slpte=0x8000000000007003, " +
        "pasid=0xFFFFFFFF)",
      { reason: 0xc, level: 1, entry: 0x8000_0000_0000_7003n },
    ],
    [
      "detected fspte reserved non-zero iova=0x2000, level=0x2fspte=0x70f, pasid=0x11)",
      { reason: 0x72, level: 2, entry: 0x70fn, pasid: 0x11 },
    ],
    ["detected non canonical IOVA (iova=0x800000000000,pasid=0x0)", { reason: 0x80 }],
    [
      "xlat address is in interrupt range (iova=0x2000, level=0x1, slpte=0xfee00003, write=1, " +
        "xlat=0xfee00000, size=0x1000, pasid=0xffffffff)",
      { reason: 0xe, level: 1, entry: 0xfee0_0003n, access: "write" },
    ],
    ["invalid root entry: hi=0x0, lo=0x1003", { reason: 0xa }],
    ["invalid context entry: hi=2, lo=3011 (reserved nonzero)", { reason: 0xb }],
    ["invalid context entry: hi=7, lo=3001 (level 9 not supported)", { reason: 3 }],
  ])("[TC20] %s", (words, fields) => {
    for (const before of [stamp + qemu, qemu, "kvm: ", "/usr/libexec/qemu-kvm: ", ""]) {
      const line = `${before}vtd_iova_to_slpte: ${words}`;
      expect([before, read(line)]).toMatchObject([before, detail(fields)]);
    }
  });

  test.each([
    ["index too large: ind=0x105", { reason: 0x21, index: 0x105 }],
    ["read failed: ind=0x5 addr=0x8050", { reason: 0x23, index: 5 }],
    [
      "detected non-present IRTE (index=24, high=0x40008, low=0x30000)",
      { reason: 0x22, index: 24, entry: (0x40008n << 64n) | 0x30000n },
    ],
    ["detected non-zero reserved IRTE (index=24, high=0x0, low=0x3)", { reason: 0x24, index: 24 }],
    ["invalid IRTE SID (index=24, sid=32, source_id=8)", { reason: 0x26, index: 24, source: 32 }],
    ["invalid SVT_BUS (index=24, bus=1, min=2, max=3)", { reason: 0x26, index: 24 }],
    ["detected invalid IRTE SVT (index=24, type=3)", { reason: 0x26, index: 24 }],
    ["MSI address high 32 bits non-zero detected: address=0x1fee00000", { reason: 0x20 }],
  ])("[TC20] of interrupts: %s", (words, fields) => {
    expect(read(`${qemu}vtd_irte_get: ${words}`)).toMatchObject(detail(fields));
  });

  test("[TC20] whose request failed, and what was not recorded", () => {
    const failed = "vtd_iommu_translate: detected translation failure (dev=0b:1f:07, iova=0x2000)";
    expect(read(stamp + qemu + failed)).toMatchObject(
      seen({ kind: "translationFailed", source: 0xbff, iova: 0x2000n }),
    );
    const kept = "New fault is not recorded due to ";
    for (const [why, unrecorded] of [
      [`${kept}compression of faults`, "collapsed"],
      [`${kept}Primary Fault Overflow`, "dropped"],
      ["Next Fault Recording Reg is used, new fault is not recorded, set PFO field", "dropped"],
    ]) {
      expect(read(`${qemu}${why ?? ""}`)).toMatchObject(seen({ unrecorded }));
    }
    const pending = "There are pending faults already, fault event is not generated";
    expect(read(qemu + pending)).toEqual({ result: "counted", what: undefined });
  });

  test("[TC20] a message that is not known, or lacks a field, is not understood", () => {
    for (const words of [
      "detected slpte permission error (iova=0x2000)",
      "detected translation failure (dev=zz, iova=0x2000)",
      "something new happened",
    ]) {
      expect(read(`${qemu}vtd_iova_to_slpte: ${words}`)).toEqual({ result: "unparsed" });
    }
  });

  test("[TC20] the words of one without QEMU's function are any text", () => {
    const text = "driver: detected IOVA overflow (iova=0x1000)";
    expect([read(text), formatOf(text)]).toEqual([{ result: "foreign", what: "text" }, undefined]);
    expect(formatOf(`${qemu}vtd_iova_to_slpte: ${text.slice(8)}`)).toBe("qemu");
  });
});

const faults = (...lines: readonly string[]) => checkTrace(traceOf("qemu", lines)).faults;
const denied = (iova: string, entry: string) =>
  `${qemu}vtd_iova_to_slpte: detected slpte permission error (iova=${iova}, level=0x3, ` +
  `slpte=${entry}, write=0, pasid=0xffffffff)`;
const failed = (iova: string) =>
  `${qemu}vtd_iommu_translate: detected translation failure (dev=0b:00:00, iova=${iova})`;
const collapsed = `${qemu}New fault is not recorded due to compression of faults`;
const traced = (iova: string, source = "0xb00") =>
  `1@1.000001:vtd_dmar_fault sid ${source} fault 6 addr ${iova} write 0`;

describe("what is told of one fault", () => {
  test("[TC21] stands in one place", () => {
    const all = faults(denied("0x2000", "0x0"), traced("0x2000"), collapsed, failed("0x2000"));
    expect(all).toEqual([
      {
        line: 2,
        device: "0b:00.0",
        iova: 0x2000n,
        access: "read",
        reason: 6,
        level: 3,
        entry: 0n,
        unrecorded: "collapsed",
        text:
          "0b:00.0 read at 0x2000: fault 6h, the tables do not allow the read; level 3 entry 0x0" +
          "; not recorded: collapsed into the pending record of its device",
      },
    ]);
  });

  test("[TC21] is told without a trace too, by the messages alone", () => {
    const [first, second] = faults(denied("0x2000", "0x0"), failed("0x2000"), collapsed);
    expect(first).toMatchObject({ line: 1, device: "0b:00.0", reason: 6, level: 3 });
    expect(second).toEqual({
      line: 3,
      unrecorded: "collapsed",
      text: "a further fault: not recorded: collapsed into the pending record of its device",
    });
  });

  test("[TC21] belongs to the request of its address and device", () => {
    const two = faults(denied("0x2000", "0x0"), traced("0x3000"), failed("0x3000"));
    expect(two.map(({ iova, level, device }) => [iova, level, device])).toEqual([
      [0x2000n, 3, undefined],
      [0x3000n, undefined, "0b:00.0"],
    ]);
    const other = faults(traced("0x2000", "0x20"), failed("0x2000"), traced("0x4000"));
    expect(other.map(({ device, reason }) => [device, reason])).toEqual([
      ["00:04.0", 6],
      ["0b:00.0", undefined],
      ["0b:00.0", 6],
    ]);
  });

  test("[TC21] an interrupt's message is a fault of its own", () => {
    const blocked = `${qemu}vtd_irte_get: invalid IRTE SID (index=24, sid=32, source_id=8)`;
    const [first, second] = faults(blocked, collapsed, traced("0x2000"));
    expect(first).toMatchObject({ index: 24, device: "00:04.0", unrecorded: "collapsed" });
    expect(first?.text).toMatch(/^00:04\.0, interrupt for index 24: fault 26h, the source-id may/);
    expect(second).toMatchObject({ line: 3, iova: 0x2000n });
  });

  test("[TC21] Linux's own event tells device, address and access", () => {
    const line =
      "       irq/24-80      [000] .....     1.1: io_page_fault: IOMMU:nvme 0000:00:01.0 " +
      "iova=0x00000000fffff000 flags=0x0001";
    const { faults: told } = checkTrace(traceOf("linux", [line]));
    expect(told).toMatchObject([{ device: "00:01.0", iova: 0xffff_f000n, access: "write" }]);
  });

  const verdict = (...lines: readonly string[]) => {
    const { verdicts, findings } = checkTrace(traceOf("qemu", lines));
    const { agree, notObservable } = verdicts;
    return [agree, findings.map(({ kind }) => kind), notObservable];
  };

  test("[TC26] an entry that is told beside it gives the reason", () => {
    expect(verdict(denied("0x2000", "0x7002"), traced("0x2000"))).toEqual([1, [], 0]);
    const wrong = verdict(denied("0x2000", "0x7003"), traced("0x2000"));
    expect(wrong).toEqual([0, ["faultUnexplained"], 0]);
    expect(verdict(traced("0x2000"))).toEqual([0, [], 1]);
    const write = denied("0x2000", "0x7001").replace("write=0", "write=1");
    expect(verdict(write)).toEqual([1, [], 0]);
    expect(verdict(write.replace("0x7001", "0x7002"))).toEqual([0, ["faultUnexplained"], 0]);
  });

  test("[TC26] so does an interrupt entry that is not present", () => {
    const absent = (low: string) =>
      `${qemu}vtd_irte_get: detected non-present IRTE (index=24, high=0x0, low=${low})`;
    expect(verdict(absent("0x30000"))).toEqual([1, [], 0]);
    expect(verdict(absent("0x30001"))).toEqual([0, ["faultUnexplained"], 0]);
  });
});
