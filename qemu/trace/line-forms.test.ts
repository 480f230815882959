// Length: one line of each form that the two programs write.
import { describe, expect, test } from "vitest";
import type { Line } from "../../audit/trace/observation.ts";
import { descriptorText } from "../../audit/trace/reach.ts";
import { startLinuxReader } from "./linux-trace.ts";
import { readQemuLine } from "./qemu-log.ts";
import { formatOf, traceOf } from "./trace.ts";

const qemu = (text: string): Line => readQemuLine(text, 7);
const linux = (text: string): Line => startLinuxReader()(text, 7);
const seen = (observation: object) => ({ result: "observed", observation });

describe("QEMU's log", () => {
  const descriptor = "vtd_inv_desc invalidate desc type iotlb high 0xfffff000 low 0x400f2";

  test.each([
    ["QEMU 7.2 without -msg timestamp", descriptor],
    ["QEMU 5, process and time", `4711@1604400000.123456:${descriptor}`],
    ["with -msg timestamp=on, later", `2025-10-01T12:00:00.000001Z ${descriptor}`],
  ])("[TC1] a descriptor, %s", (_, text) => {
    const words = (0xfffff000n << 64n) | 0x400f2n;
    expect(qemu(text)).toMatchObject(seen({ kind: "invalidated", line: 7, words }));
    expect(descriptorText(words)).toBe("iotlb page of domain 4 0xfffff000 to 0xffffffff");
  });

  test.each([
    ["vtd_inv_qi_head read head 5", { kind: "headRead", index: 5 }],
    ["vtd_inv_qi_tail write tail 6", { kind: "tailWritten", index: 6 }],
    ["vtd_inv_qi_enable enabled 1", { kind: "ringEnabled", on: true }],
    ["vtd_inv_qi_setup addr 0x8aef000 size 256", { kind: "ringSetUp", size: 256 }],
    ["vtd_warn_invalid_qi_tail tail 0x200", { kind: "tailRefused" }],
    ["vtd_reg_write addr 0x88 size 0x4 value 0x20", { offset: 0x88, value: 0x20n }],
    ["vtd_reg_dmar_root addr 0xa20d000 scalable 1", { kind: "rootLatched", scalable: true }],
    ["vtd_reg_dmar_root addr 0xa20d000 extended 1", { kind: "rootLatched", scalable: false }],
    ["vtd_iotlb_reset IOTLB reset (reason: exceed)", { kind: "cacheDropped", cache: "iotlb" }],
    ["vtd_context_cache_reset ", { kind: "cacheDropped", cache: "context" }],
    [
      "vtd_iotlb_page_hit IOTLB page hit sid 0x10 iova 0xfffff002 slpte 0x1ff13003 domain 0x4",
      {
        kind: "cacheUsed",
        use: "hit",
        source: 0x10,
        iova: 0xfffff002n,
        entry: 0x1ff13003n,
        did: 4,
      },
    ],
    [
      "vtd_iotlb_page_update IOTLB page update sid 0x10 iova 0x1000 pte 0x2003 domain 0x4",
      { kind: "cacheUsed", use: "fill", entry: 0x2003n },
    ],
    [
      "vtd_dmar_translate dev 00:02.00 iova 0xfffff000 -> gpa 0x1ff13000 mask 0xfff",
      { kind: "translated", source: 0x10, gpa: 0x1ff13000n, mask: 0xfffn },
    ],
    [
      "vtd_dmar_fault sid 0x20 fault 5 addr 0x29e03000 write 1",
      { kind: "faulted", source: 0x20, reason: 5, iova: 0x29e03000n },
    ],
    [
      "vtd_ir_irte_get index 24 low 0x10000 high 0x8",
      { kind: "interruptEntryRead", index: 24, value: (8n << 64n) | 0x10000n },
    ],
  ])("[TC1] %s", (text, observation) => {
    expect(qemu(text)).toMatchObject(seen({ line: 7, ...observation }));
  });

  test.each([
    ["cc_global context invalidate globally", "contextCache global"],
    ["cc_domain context invalidate domain 0x3", "contextCache domain of domain 3"],
    ["cc_devices context invalidate devices sid 0x10 fmask 0x0", "contextCache device of 00:02.0"],
    ["iotlb_global iotlb invalidate global", "iotlb global"],
    ["iotlb_domain iotlb invalidate whole domain 0x2", "iotlb domain of domain 2"],
    [
      "iotlb_pages iotlb invalidate domain 0x4 addr 0x10000 mask 0x2",
      "iotlb page of domain 4 0x10000 to 0x13fff",
    ],
    ["iec granularity 0x1 index 0x8 mask 0x1", "interruptEntry index 8 to 9"],
    ["iec granularity 0x0 index 0x0 mask 0x0", "interruptEntry global"],
  ])("[TC1] what the unit executes: %s", (text, said) => {
    const line = qemu(`vtd_inv_desc_${text}`);
    if (line.result !== "observed" || line.observation.kind !== "executed") throw new Error(text);
    expect(descriptorText(line.observation.words)).toBe(said);
  });

  test.each([
    "vtd_page_walk_one domain 0x3 iova 0x1000 -> gpa 0x2000 mask 0xfff perm 3",
    "vtd_ir_remap index 1 trigger 0 vector 48 deliver 0 dest 0x1 mode 1",
    "vtd_inv_desc_wait_sw wait invalidate status write addr 0x9008c04 data 0x2",
    "vtd_switch_address_space Device 00:02.0 switching address space (iommu enabled=1)",
    "vtd_reset_exit ",
  ])("[TC1] nothing is judged by %s", (text) => {
    expect(qemu(text)).toMatchObject({ result: "counted" });
  });
});

describe("Linux's trace", () => {
  const at = "          insmod-88      [001] d.h2.     2.436332: ";
  const words = (0xffffa040n << 64n) | 0x600f2n;
  const submit = "iotlb_inv dmar0: 0x600f2 0xffffa040 0x0 0x0";

  test.each([
    [`${at}qi_submit: ${submit}`, "CPU 1-88 h"],
    [`     kworker/u4:0-12      [000] dNs2.     4.877349: qi_submit: ${submit}`, "CPU 0-12 s"],
    [`     kworker/u4:0-12      [000] d..2.     4.877349: qi_submit: ${submit}`, "kworker/u4:0-12"],
    [`          <idle>-0       [003] d..2.     0.312179: qi_submit: ${submit}`, "CPU 3-0"],
    [`           <...>-77      [000] d..2     0.312179: qi_submit: ${submit}`, "<...>-77"],
    [`            bash-77      (     70) [000] d..2     0.3: qi_submit: ${submit}`, "bash-77"],
    [`            init-1     [000]     0.312179: qi_submit:            ${submit}`, "init-1"],
    [`            init     1 [000]     0.312179: intel_iommu:qi_submit: ${submit}`, "init-1"],
  ])("[TC2] trace, trace_pipe, trace-cmd report and perf script: %s", (text, context) => {
    const observation = { kind: "invalidated", line: 7, words, unit: "dmar0", context };
    expect(linux(text)).toMatchObject(seen(observation));
  });

  test.each([
    [
      "map: IOMMU: iova=0x00000000ffffe000 - 0x00000000fffff000 paddr=0x1feb9000 size=4096",
      {
        kind: "mappingChanged",
        change: "map",
        first: 0xffffe000n,
        end: 0xfffff000n,
        ordered: true,
      },
    ],
    [
      "unmap: IOMMU: iova=0x00000000ffff8000 - 0x0000000100000000 size=32768 unmapped_size=8192",
      { kind: "mappingChanged", change: "unmap", first: 0xffff8000n, end: 0xffffa000n },
    ],
    [
      "map_single: dev=0000:00:02.0 dev_addr=0xfffff000 phys_addr=0x1000 size=4096",
      { change: "map", first: 0xfffff000n, end: 0x100000000n, ordered: false },
    ],
    [
      "map_sg: dev=0000:00:02.0 [1/2] dev_addr=0xffffe000 phys_addr=0x1000 size=512",
      { change: "map", first: 0xffffe000n, end: 0xffffe200n, ordered: false },
    ],
    [
      "unmap_sg: dev=0000:00:02.0 dev_addr=0xffffe000 size=8192",
      { change: "unmap", first: 0xffffe000n, end: 0x100000000n, ordered: false },
    ],
    [
      "attach_device_to_domain: IOMMU: device=0000:00:1f.2",
      { kind: "deviceMoved", attached: true, source: 0xfa },
    ],
    [
      "io_page_fault: IOMMU:nvme 0000:00:01.0 iova=0x00000000fffff000 flags=0x0001",
      { kind: "faulted", source: 8, iova: 0xfffff000n },
    ],
    [
      "cache_tag_flush_range: dmar0 0000:01:00.0[0] type devtlb did 6 [0xffffa000-0xffffafff] " +
        "addr 0xffffa000 pages 0x1 mask 0x0",
      { kind: "flushAsked", cache: "deviceTlb", did: 6, source: 0x100, end: 0xffffb000n },
    ],
    [
      "cache_tag_flush_all: dmar0/dmar0 type iotlb did 6 pasid 0 ref 1",
      { kind: "flushAsked", cache: "iotlb", did: 6, first: 0n, end: 1n << 64n },
    ],
  ])("[TC2] %s", (text, observation) => {
    expect(linux(`${at}${text}`)).toMatchObject(seen(observation));
  });

  test.each(["# tracer: nop", "cpus=2", "version = 6", "CPU 1 is empty", ""])(
    "[TC2] the header line %j",
    (text) => {
      expect(linux(text)).toEqual({ result: "header" });
    },
  );

  test.each([
    ["CPU:0 [LOST 12 EVENTS]", 12],
    ["# entries-in-buffer/entries-written: 4000/4010   #P:1", 10],
  ])("[TC2] what was lost is seen: %s", (text, count) => {
    expect(linux(text)).toMatchObject(seen({ kind: "eventsLost", count }));
  });
});

describe("any trace", () => {
  const good = "vtd_inv_qi_tail write tail 0";

  test.each([
    "vtd_brand_new_event addr 0x1",
    "vtd_inv_qi_tail write tail",
    "vtd_inv_desc invalidate desc type iotlb high",
    "qemu-system-x86_64: warning: something else",
  ])("[TC3] %j is counted and shown", (text) => {
    const { unparsed, lines } = traceOf("qemu", [good, `${text}\r`, good]);
    expect([unparsed, lines]).toEqual([{ count: 1, first: [{ line: 2, text }] }, 3]);
  });

  test.each([
    "            init-1       [000] .....     1.112619: qi_submit: what",
    "            init-1       [000] .....     1.112619: map: IOMMU: iova=zero",
    "[    1.058833] DMAR: VT-d Scalable Mode not enabled",
  ])("[TC3] of Linux's, %j is counted and shown", (text) => {
    const { unparsed } = traceOf("linux", ["# tracer: nop", text]);
    expect(unparsed).toEqual({ count: 1, first: [{ line: 2, text }] });
  });

  test("[TC3] of many lines the first five are shown, long ones cut", () => {
    const { unparsed } = traceOf(
      "qemu",
      Array.from({ length: 9 }, () => `vtd_x ${"x ".repeat(99)}`),
    );
    expect([unparsed.count, unparsed.first.length]).toEqual([9, 5]);
    expect(unparsed.first[0]?.text).toHaveLength(80);
  });

  test("[TC4] the format is told by the first line that is one of a trace", () => {
    expect(formatOf("4711@1.000001:vtd_reg_read addr 0x8 size 0x8")).toBe("qemu");
    expect(formatOf("# tracer: nop")).toBe("linux");
    expect(formatOf("cpus=1")).toBe("linux");
    expect(formatOf("init-1 [000] .....  1.1: add_device_to_group: IOMMU: x")).toBe("linux");
    for (const text of ["hello", "vtd is a word", "", "a warning", "x".repeat(9999)]) {
      expect(formatOf(text)).toBeUndefined();
    }
  });
});
