import { describe, expect, test } from "vitest";
import { checkTrace } from "../../audit/trace/check.ts";
import { foreign } from "../../audit/trace/observation.ts";
import type { Trace } from "../../audit/trace/seen-trace.ts";
import { sequenceOf } from "../../audit/trace/sequence.ts";
import { profiles } from "../../events/profile/profiles.ts";
import { startLinuxReader } from "./linux-trace.ts";
import type { Deed } from "./made-up.ts";
import { ask, linuxLines, qemuLines } from "./made-up.ts";
import { startTrace, traceOf } from "./trace.ts";

/** What is read without being told the format. */
function read(lines: readonly string[]): Trace | undefined {
  const { add, trace } = startTrace();
  for (const [index, text] of lines.entries()) add(text, index + 1);
  return trace();
}

const steps: readonly Deed[] = [1, 2, 3].flatMap((page): Deed[] => [
  { do: "unmap", page, pages: 1 },
  { do: "invalidate", words: ask.pages(4, page) },
]);
const consoleLine = (at: number) => `[    ${at.toString()}.000001] pci 0000:00:01.0: BAR ${at}`;
const noise = (count: number) => Array.from({ length: count }, (_, at) => consoleLine(at));

describe.each([
  ["qemu", qemuLines(steps)],
  ["linux", linuxLines(steps)],
] as const)("a guest's console in a %s trace", (format, lines) => {
  test.each([1, 150, 5000])("[TC4] %d lines before it do not hide it", (count) => {
    const trace = read([...noise(count), ...lines]);
    expect(trace).toMatchObject({
      format,
      lines: count + lines.length,
      passedBy: { [foreign.text]: count },
      unparsed: { count: 0, first: [] },
    });
    expect(sequenceOf(trace?.observations ?? []).entries.map(({ line }) => line - count)).toEqual(
      sequenceOf(traceOf(format, lines).observations).entries.map(({ line }) => line),
    );
  });

  test("[TC22] between its lines it is counted and passed by", () => {
    const mixed = lines.flatMap((line, at) => [
      line,
      `${consoleLine(at)}\r\r`,
      "login: ",
      "\u001b[2J",
    ]);
    const [trace, plain] = [read(mixed), traceOf(format, lines)];
    expect(trace?.passedBy).toEqual({ [foreign.text]: 3 * lines.length });
    expect(trace?.understood).toBe(plain.understood);
    const judged = checkTrace(traceOf(format, mixed));
    expect([judged.findings, judged.verdicts]).toEqual([[], checkTrace(plain).verdicts]);
  });

  test("[TC22] what may be of the trace is shown, wherever it stands", () => {
    const odd = ["login: vtd_inv_qi_tail write tail 0", "[    1.0] DMAR: Host address width 39"];
    const trace = read([...odd, ...lines]);
    const texts = trace?.unparsed.first.map(({ text }) => text);
    expect(texts).toEqual(format === "qemu" ? odd : odd.slice(1));
  });
});

test("[TC22] a text without a line of a trace is none", () => {
  expect(read(noise(300))).toBeUndefined();
  expect(read([])).toBeUndefined();
});

test.each([
  ["qemu", "kvm_run_exit cpu_index 0, reason 2"],
  ["qemu", "4711@1.000001:kvm_run_exit cpu_index 0, reason 2"],
  ["qemu", "vfio_region_write  (0000:01:00.0:region0+0x10, 0x1, 4)"],
  ["qemu", "4711@1.000001:memory_region_ops_read cpu 0 mr 0x5 addr 0x0 value 0x0 size 4"],
  ["linux", "            init-1       [000] d....     1.1: kvm_exit: vcpu 0 reason EPT_VIOLATION"],
  ["linux", "            init-1       [000] d....     1.1: kvm:kvm_exit: vcpu 0"],
  ["linux", "            init-1       [000] d....     1.1: sched_switch: prev_comm=a prev_pid=1"],
] as const)("[TC22] of another subsystem, in a %s trace: %s", (format, line) => {
  const { passedBy, unparsed, understood } = traceOf(format, [line]);
  expect([passedBy, unparsed.count, understood]).toEqual([{ [foreign.event]: 1 }, 0, 0]);
});

test("[TC22] QEMU's newest events are the unit's own", () => {
  const { unparsed, understood } = traceOf("qemu", [
    "vtd_pasid_cache_reset ",
    "vtd_inv_desc_pasid_cache_psi PASID selective PC invalidation domain 0x3 pasid 0x1",
    "vtd_device_attach_hwpt dev_id 1 pasid 0 hwpt_id 2, ret: 0",
  ]);
  expect([unparsed.count, understood]).toEqual([0, 3]);
});

describe("the flags of Linux's lines", () => {
  const header = (...names: readonly string[]) => [
    "# tracer: nop",
    ...names.map((name, at) => `#        ${"|".repeat(at)} / _--=> ${name}`),
  ];
  const five = ["irqs-off/BH-disabled", "need-resched", "hardirq/softirq", "preempt-depth"];
  const seven = ["irqs-off", "need-resched", "need-resched-lazy", ...five.slice(2)];
  const contextsOf = (before: readonly string[], flags: string): readonly string[] => {
    const reader = startLinuxReader();
    for (const line of before) expect(reader(line, 1)).toEqual({ result: "header" });
    const said = reader(
      `    task-100    [008] ${flags}   438.3: qi_submit: x d: 0x2 0x0 0x0 0x0`,
      9,
    );
    if (said.result !== "observed" || said.observation.kind !== "invalidated") return [said.result];
    return [said.observation.context];
  };

  test.each([
    [header(...five, "migrate-disable"), "d.h1.", "CPU 8-100 h"],
    [header(...five, "migrate-disable"), ".....", "task-100"],
    [header(...five), "d.s1", "CPU 8-100 s"],
    [header(...seven, "preempt-lazy-depth", "migrate-disable"), "d..h1..", "CPU 8-100 h"],
    [header(...seven, "preempt-lazy-depth", "migrate-disable"), ".......", "task-100"],
    // A letter in another column is none of the level's.
    [header(...seven, "preempt-lazy-depth", "migrate-disable"), "d.h.1..", "task-100"],
    [[], "d..h1..", "CPU 8-100 h"],
    [[], "d.....", "task-100"],
    [[], "....", "task-100"],
  ])("[TC23] %j: %s", (before, flags, context) => {
    expect(contextsOf(before, flags)).toEqual([context]);
  });

  test("[TC23] a second header counts for what follows", () => {
    const both = [...header(...five, "migrate-disable"), ...header(...seven, "a", "b")];
    expect(contextsOf(both, "d..h1..")).toEqual(["CPU 8-100 h"]);
  });
});

describe("interrupts of the compatibility format", () => {
  const passed = (address: string) =>
    `vtd_ir_remap_msi (addr ${address}, data 0x31) -> (addr 0xfee00000, data 0x31)`;
  const counts = (...lines: readonly string[]) =>
    checkTrace(traceOf("qemu", lines), profiles["qemu-legacy"]).notObservable;
  const on =
    "interrupt of the compatibility format that passed while remapping is on: CFI and EIME";
  const unknown =
    "interrupt of the compatibility format: whether remapping is on is not in the trace";

  test("[TC25] that passed while remapping is on are counted", () => {
    const [old, remapped] = [passed("0xfee00000"), passed("0xfee00010")];
    expect(counts("vtd_ir_enable enable 1", old, remapped, old)).toEqual({ [on]: 2 });
    expect(counts("vtd_ir_enable enable 0", old)).toEqual({});
    expect(counts(old, remapped)).toEqual({ [unknown]: 1 });
    const command = (value: string) => `vtd_reg_write_gcmd status 0x0 value ${value}`;
    expect(counts(command("0x2000000"), old)).toEqual({ [on]: 1 });
    expect(counts(command("0x2000000"), command("0x0"), old)).toEqual({});
  });
});

test("[TC5] what is executed where nobody is seen to ask counts as invalidation", () => {
  const line = "vtd_inv_desc_iotlb_global iotlb invalidate global";
  const { invalidations, findings, verdicts } = checkTrace(traceOf("qemu", [line]));
  expect([invalidations, findings, verdicts.agree]).toEqual([{ "iotlb global": 1 }, [], 0]);
  const fetched = traceOf("qemu", ["vtd_inv_qi_head read head 5", line]);
  expect(checkTrace(fetched).findings.map(({ kind }) => kind)).toContain("missingDescriptor");
});
