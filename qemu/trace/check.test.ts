// Length: one example of each finding, with its twin that is none.
import { describe, expect, test } from "vitest";
import { checkTrace } from "../../audit/trace/check.ts";
import type { FindingKind } from "../../audit/trace/finding.ts";
import { profiles } from "../../events/profile/profiles.ts";
import type { By, Deed } from "./made-up.ts";
import { ask, linuxLines, qemuLines } from "./made-up.ts";
import { traceOf } from "./trace.ts";

const linux = (...steps: readonly (readonly Deed[])[]) =>
  checkTrace(traceOf("linux", linuxLines(steps.flat())));
const qemuOf = (lines: readonly string[]) => checkTrace(traceOf("qemu", lines));
const qemu = (...steps: readonly (readonly Deed[])[]) => qemuOf(qemuLines(steps.flat()));
const kinds = (report: { readonly findings: readonly { readonly kind: FindingKind }[] }) =>
  report.findings.map(({ kind }) => kind);

const map = (page: number, pages = 1, by: By = "init"): Deed => ({ do: "map", page, pages, by });
const unmap = (page: number, pages = 1, by: By = "init"): Deed => ({
  do: "unmap",
  page,
  pages,
  by,
});
const invalidate = (words: bigint, by: By = "init"): Deed => ({ do: "invalidate", words, by });
const fill = (page: number, to: number): Deed => ({ do: "fill", source: 8, page, to, did: 4 });
const hit = (page: number, to: number): Deed => ({ do: "hit", source: 8, page, to, did: 4 });
const entry = (value: number): Deed => ({ do: "interruptEntry", index: 5, value });
const repeat = (count: number, steps: (index: number) => readonly Deed[]): readonly Deed[] =>
  Array.from({ length: count }, (_, index) => steps(index)).flat();

/** Twenty unmappings that are announced at once: enough for the rule, and for the end to be far. */
const strict = repeat(20, (index) => [
  map(100 + index),
  unmap(100 + index),
  invalidate(ask.pages(4, 100 + index)),
]);

describe("a driver in strict mode", () => {
  test("[TC7] an unmapping without an invalidation is found, with one it is not", () => {
    const without = linux([map(1), unmap(1)], strict);
    expect(kinds(without)).toEqual(["missingInvalidation"]);
    expect(without.findings[0]?.line).toBe(4);
    expect(without.driver).toEqual({ unmap: "strict", cachingMode: false });
    expect(kinds(linux([map(1), unmap(1), invalidate(ask.pages(4, 1))], strict))).toEqual([]);
  });

  test("[TC7] an invalidation that is too narrow is found, a wider one is not", () => {
    const narrow = linux([unmap(0, 4), invalidate(ask.pages(4, 0, 1))], strict);
    expect(kinds(narrow)).toEqual(["narrowInvalidation"]);
    expect(narrow.findings[0]?.text).toContain("leaves 0x2000 to 0x3fff");
    expect(kinds(linux([unmap(0, 4), invalidate(ask.pages(4, 0, 3))], strict))).toEqual([]);
    expect(kinds(linux([unmap(0, 4), invalidate(ask.domain(4))], strict))).toEqual([]);
    expect(kinds(linux([unmap(0, 4), invalidate(ask.everything())], strict))).toEqual([]);
  });

  test("[TC7] an invalidation of several unmappings covers each of them", () => {
    expect(kinds(linux([unmap(0), unmap(1), invalidate(ask.pages(4, 0, 1))], strict))).toEqual([]);
    const second = linux([unmap(0), unmap(2), invalidate(ask.pages(4, 0, 1))], strict);
    expect(kinds(second)).toEqual(["missingInvalidation"]);
  });

  test("[TC7] what interrupts a task or runs beside it does not announce for it", () => {
    const beside = [unmap(1), unmap(2, 1, "interrupt"), invalidate(ask.pages(4, 2), "interrupt")];
    expect(kinds(linux(beside, [invalidate(ask.pages(4, 1))], strict))).toEqual([]);
    expect(kinds(linux(beside, strict))).toEqual(["missingInvalidation"]);
    const other = [unmap(1), unmap(1, 1, "kworker"), invalidate(ask.pages(4, 1), "kworker")];
    expect(kinds(linux(other, strict))).toEqual(["missingInvalidation"]);
  });

  test("[TC7] of a domain that may have no device left nothing is demanded", () => {
    const moved: Deed = { do: "attach", source: 8 };
    const report = linux(strict, [map(1), map(2), moved, unmap(1), unmap(2), moved], strict);
    expect(kinds(report)).toEqual([]);
    expect(kinds(linux(strict, [moved], strict, [unmap(1)], strict))).toEqual([
      "missingInvalidation",
    ]);
  });

  test("[TC7] where events were lost or the trace ends nothing is concluded from silence", () => {
    const report = linux(strict, [unmap(1)]);
    expect(kinds(report)).toEqual([]);
    expect(report.undecided).toEqual({ "unmapping at the end of the trace": 1 });
    expect(report.verdicts.undecided).toBe(1);
  });

  test("[TC7] without any IOTLB invalidation nothing is judged", () => {
    const report = linux(repeat(9, (index) => [map(index), unmap(index)]));
    expect([kinds(report), report.verdicts.notObservable]).toEqual([[], 18]);
  });
});

/** Mappings too are announced, as with caching mode. */
const caching = repeat(20, (index) => [
  map(100 + index),
  invalidate(ask.pages(4, 100 + index)),
  unmap(100 + index),
  invalidate(ask.pages(4, 100 + index)),
]);

describe("caching mode", () => {
  test("[TC9] where mappings are announced one that is not is found", () => {
    const report = linux([map(1), unmap(1), invalidate(ask.pages(4, 1))], caching);
    expect(report.driver).toEqual({ unmap: "strict", cachingMode: true });
    expect(kinds(report)).toEqual(["missingInvalidation"]);
    const rest = [invalidate(ask.pages(4, 1)), unmap(1), invalidate(ask.pages(4, 1))];
    expect(kinds(linux([map(1)], rest, caching))).toEqual([]);
  });

  test("[TC9] the mapping says in which domain an unmapping must be invalidated", () => {
    const mapped = [map(1), invalidate(ask.pages(3, 1)), unmap(1)];
    expect(kinds(linux(mapped, [invalidate(ask.pages(4, 1))], caching))).toEqual(["otherDomain"]);
    expect(kinds(linux(mapped, [invalidate(ask.pages(3, 1))], caching))).toEqual([]);
  });
});

describe("a driver with a flush queue", () => {
  const flushed = repeat(20, (index) => [map(100 + index), unmap(100 + index)]);

  test("[TC8] mapping again before the flush is found, after it is not", () => {
    const flush = invalidate(ask.domain(4), "interrupt");
    const late = linux(flushed, [map(1), unmap(1), map(1), flush]);
    expect(late.driver?.unmap).toBe("lazy");
    expect(kinds(late)).toEqual(["remappedTooEarly"]);
    expect(kinds(linux(flushed, [map(1), unmap(1), flush, map(1)]))).toEqual([]);
    expect(kinds(linux(flushed, [invalidate(ask.everything())]))).toEqual([]);
  });

  test("[TC8] with several domains whose names are not known nothing is concluded", () => {
    const flushes = [invalidate(ask.domain(4)), invalidate(ask.domain(3))];
    const report = linux(flushed, [map(1), unmap(1), map(1)], flushes);
    expect(kinds(report)).toEqual([]);
    const reason = "mapping of an IOVA whose unmapping is pending: in which domain";
    expect(report.notObservable[reason]).toBe(1);
  });

  test("[TC8] what the trace ends before is not observable", () => {
    const report = linux(flushed, [invalidate(ask.domain(4)), map(1), unmap(1)]);
    const reason = "unmapping: the trace ends before the flush queue is emptied";
    expect([kinds(report), report.undecided[reason]]).toEqual([[], 1]);
  });
});

describe("use after unmapping", () => {
  const fault: Deed = { do: "fault", source: 8, page: 1 };

  test("[TC11] a fault where the newest change is an unmapping is found", () => {
    const unmapped = [map(1), unmap(1), invalidate(ask.pages(4, 1)), fault];
    expect(kinds(linux(unmapped))).toEqual(["usedAfterUnmap"]);
    expect(kinds(linux([map(1), fault, unmap(1), invalidate(ask.pages(4, 1))]))).toEqual([]);
  });

  test("[TC11] QEMU: a fault of a page that an invalidation took away is found", () => {
    const gone = qemu([fill(1, 7), invalidate(ask.pages(4, 1)), fault]);
    expect(kinds(gone)).toEqual(["usedAfterUnmap"]);
    const never = qemu([fault]);
    expect([kinds(never), never.verdicts.notObservable]).toEqual([[], 1]);
  });
});

describe("cached translations", () => {
  test("[TC10] a page that changes without an invalidation is found", () => {
    expect(kinds(qemu([fill(1, 7), hit(1, 7), fill(1, 8)]))).toEqual(["changedTranslation"]);
    expect(kinds(qemu([fill(1, 7), invalidate(ask.pages(4, 0, 1)), fill(1, 8)]))).toEqual([]);
    const others = [invalidate(ask.pages(4, 2)), invalidate(ask.domain(5))];
    expect(kinds(qemu([fill(1, 7)], others, [fill(1, 8)]))).toEqual(["changedTranslation"]);
  });

  test("[TC10] the use of one that an invalidation removed is found", () => {
    expect(kinds(qemu([fill(1, 7), invalidate(ask.domain(4)), hit(1, 7)]))).toEqual([
      "staleTranslation",
    ]);
    expect(kinds(qemu([fill(1, 7), invalidate(ask.pages(4, 2)), hit(1, 7)]))).toEqual([]);
    expect(kinds(qemu([fill(1, 7), hit(1, 9)]))).toEqual(["staleTranslation"]);
  });

  test("[TC10] a unit may forget more than it is told", () => {
    const again = qemu([fill(1, 7), fill(1, 7)]);
    expect([kinds(again), again.verdicts.notObservable]).toEqual([[], 1]);
    const reset = "vtd_iotlb_reset IOTLB reset (reason: iotlb exceeds size limit)";
    expect(kinds(qemuOf([...qemuLines([fill(1, 7)]), reset, ...qemuLines([fill(1, 8)])]))).toEqual(
      [],
    );
  });

  test("[TC10] a large page goes as a whole", () => {
    const large = (page: number, to: number) =>
      qemuLines([fill(page, to)]).map((line) => line.replace("mask 0xfff", "mask 0x1fffff"));
    const at = qemuLines([hit(513, 1025)]);
    expect(
      kinds(qemuOf([...large(512, 1024), ...qemuLines([invalidate(ask.pages(4, 900))]), ...at])),
    ).toEqual(["staleTranslation"]);
  });
});

describe("interrupt entries", () => {
  const announce = invalidate(ask.interruptEntry(5));

  test("[TC14] a change that no invalidation covers is found", () => {
    expect(kinds(qemu([entry(1), entry(2)]))).toEqual(["staleInterruptEntry"]);
    expect(kinds(qemu([entry(1), announce, entry(2)]))).toEqual([]);
    expect(kinds(qemu([entry(1), entry(2), announce]))).toEqual([]);
    const other = invalidate(ask.interruptEntry(6));
    expect(kinds(qemu([entry(1), other, entry(2)]))).toEqual(["staleInterruptEntry"]);
  });
});

describe("contexts", () => {
  const attach = (source: number): readonly Deed[] => [
    invalidate(ask.context(source)),
    invalidate(ask.domain(source)),
    { do: "attach", source },
  ];
  const attached = [8, 16, 24, 32, 40].flatMap(attach);

  test("[TC12] a device that is attached without what the others got is found", () => {
    expect(kinds(linux(attached))).toEqual([]);
    const [context, iotlb, done] = attach(48);
    const none = linux(attached, iotlb && done ? [iotlb, done] : []);
    expect(kinds(none)).toEqual(["attachedSilently"]);
    expect(none.findings[0]?.text).toContain("00:06.0 was attached without a context-cache");
    const half = linux(attached, context && done ? [context, done] : [], attached);
    expect(kinds(half)).toContain("attachedSilently");
  });

  test("[TC12] after a global context-cache invalidation a global one of the IOTLB comes", () => {
    const begin = invalidate(ask.contexts());
    expect(kinds(qemu([begin, invalidate(ask.everything())], attached))).toEqual([]);
    expect(kinds(qemu([begin, invalidate(ask.domain(4))], attached))).toEqual([
      "contextNotInvalidated",
    ]);
  });
});

describe("device TLBs", () => {
  const told = (page: number): readonly Deed[] => [
    unmap(page),
    invalidate(ask.pages(4, page)),
    invalidate(ask.device(8, page)),
  ];

  test("[TC13] a device that is told of the others must be told of each", () => {
    const all = repeat(20, told);
    expect(kinds(linux(all))).toEqual([]);
    const silent = linux(all, [unmap(50), invalidate(ask.pages(4, 50))], all);
    expect(kinds(silent)).toEqual(["deviceTlbNotTold"]);
    const narrow = [unmap(50), invalidate(ask.pages(4, 50)), invalidate(ask.device(8, 51))];
    expect(kinds(linux(all, narrow, all))).toEqual(["deviceTlbNotTold"]);
  });

  test("[TC13] Linux 6.9: each flush of which the driver speaks comes to a descriptor", () => {
    const at = "            init-1       [000] .....     1.1: cache_tag_flush_range: dmar0 ";
    const range = "did 4 [0x1000-0x1fff] addr 0x1000 pages 0x1 mask 0x0";
    const says = [`${at}dmar0[0] type iotlb ${range}`, `${at}0000:00:01.0[0] type devtlb ${range}`];
    const run = (...steps: readonly Deed[]) => {
      const lines = [...linuxLines([unmap(1)]), ...says, ...linuxLines([...steps, ...strict])];
      return kinds(checkTrace(traceOf("linux", lines)));
    };
    const [iotlb, device] = [invalidate(ask.pages(4, 1)), invalidate(ask.device(8, 1))];
    expect(run(iotlb, device)).toEqual([]);
    expect(run(iotlb)).toEqual(["deviceTlbNotTold"]);
    expect(run(device)).toEqual(["missingInvalidation", "missingInvalidation"]);
  });
});

describe("descriptors", () => {
  const judge = (words: bigint, profile?: keyof typeof profiles) =>
    checkTrace(
      traceOf("qemu", qemuLines([invalidate(words)])),
      profile === undefined ? undefined : profiles[profile],
    ).findings.map(({ text }) => text.replace(/^.*: /, ""));

  test.each([
    [0xfn, "type 0xf does not exist"],
    [ask.domain(4) | (1n << 40n), "reserved bits 40 are set"],
    [2n, "its granularity is a reserved code"],
  ])("[TC6] %s is malformed", (words, text) => {
    expect(judge(words)).toEqual([text]);
  });

  test("[TC6] what depends on the unit is judged when its profile is given", () => {
    const device = ask.device(8, 1);
    expect(judge(device)).toEqual([]);
    expect(judge(device, "qemu-legacy")).toEqual(["the unit does not know deviceTlb descriptors"]);
    const wide = ask.pages(4, 0, 30);
    expect(judge(wide)).toEqual([]);
    expect(judge(wide, "qemu-legacy")).toEqual(["address mask 30 is more than CAP.MAMV, 18"]);
    expect(judge(ask.pages(4, 0, 2), "qemu-legacy")).toEqual([]);
  });

  test("[TC6] the address of a range need not be aligned: its low bits do not count", () => {
    expect(judge(ask.pages(4, 5, 2))).toEqual([]);
    const around = [unmap(5, 2), invalidate(ask.pages(4, 5, 2))];
    expect(kinds(linux(around, strict))).toEqual([]);
  });
});
