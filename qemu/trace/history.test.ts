import fc from "fast-check";
import { expect, test } from "vitest";
import { checkTrace } from "../../audit/trace/check.ts";
import { sequenceOf } from "../../audit/trace/sequence.ts";
import { compareSequences } from "./compare.ts";
import type { By, Deed } from "./made-up.ts";
import { ask, linuxLines, qemuLines } from "./made-up.ts";
import { traceOf } from "./trace.ts";

/** One mapping or unmapping of a domain: what is mapped there is unmapped, else it is mapped. */
interface Choice {
  readonly did: number;
  readonly slot: number;
  readonly pages: number;
  readonly by: By;
}

const choices = fc.array(
  fc.record({
    did: fc.integer({ min: 2, max: 4 }),
    slot: fc.nat(3),
    pages: fc.integer({ min: 1, max: 16 }),
    by: fc.constantFrom<By>("init", "kworker", "interrupt"),
  }),
  { minLength: 60, maxLength: 120 },
);

/** The descriptors with which Linux covers some pages: 2^n aligned ones around all of them. */
function around(did: number, page: number, pages: number): bigint {
  let am = 0;
  while ((page >> am) + 1 < Math.ceil((page + pages) / 2 ** am)) am += 1;
  return ask.pages(did, (page >> am) << am, am);
}

/** What a driver that forgets nothing does; each mapping goes to memory of its own. */
function stepsOf(chosen: readonly Choice[], cachingMode: boolean): readonly Deed[] {
  const mapped = new Map<string, number>();
  const steps: Deed[] = [];
  let memory = 0x100;
  for (const { did, slot, pages, by } of chosen) {
    const key = `${did.toString()} ${slot.toString()}`;
    const page = 0x40 * (slot + 1) + slot;
    const before = mapped.get(key);
    if (before === undefined) {
      mapped.set(key, pages);
      steps.push({ do: "map", page, pages, by });
      if (cachingMode) steps.push({ do: "invalidate", words: around(did, page, pages), by });
      steps.push({ do: "fill", source: 8 * did, page, to: memory, did });
      memory += 1;
    } else {
      mapped.delete(key);
      steps.push({ do: "unmap", page, pages: before, by });
      steps.push({ do: "invalidate", words: around(did, page, before), by });
    }
  }
  return steps;
}

const linux = (steps: readonly Deed[]) => traceOf("linux", linuxLines(steps));
const qemu = (steps: readonly Deed[]) => traceOf("qemu", qemuLines(steps));
const findings = (trace: ReturnType<typeof linux>) => checkTrace(trace).findings;
const sequence = (trace: ReturnType<typeof linux>) => sequenceOf(trace.observations);

/** The indexes of the invalidations that announce an unmapping, far enough from the end. */
const announcements = (steps: readonly Deed[]): readonly number[] =>
  steps.flatMap((step, index) =>
    step.do === "invalidate" && steps[index - 1]?.do === "unmap" && index < steps.length - 80
      ? [index]
      : [],
  );

const runs = { numRuns: 40 };

test("[TC17] in the traces of a driver that forgets nothing nothing is found", () => {
  const property = fc.property(choices, fc.boolean(), (chosen, cachingMode) => {
    const steps = stepsOf(chosen, cachingMode);
    const [guest, unit] = [linux(steps), qemu(steps)];
    expect([findings(guest), findings(unit)]).toEqual([[], []]);
    expect(compareSequences(sequence(guest), sequence(unit)).differences).toEqual([]);
  });
  fc.assert(property, runs);
});

test("[TC17] one invalidation left out is found by Linux's trace and by comparing", () => {
  let judged = 0;
  const property = fc.property(choices, fc.boolean(), fc.nat(), (chosen, cachingMode, pick) => {
    const steps = stepsOf(chosen, cachingMode);
    const all = announcements(steps);
    const index = all[pick % all.length];
    if (index === undefined) return;
    judged += 1;
    const forgot = steps.toSpliced(index, 1);
    expect(findings(linux(forgot)).length).toBeGreaterThan(0);
    const { differences } = compareSequences(sequence(linux(forgot)), sequence(qemu(steps)));
    expect(differences.map(({ only }) => only)).toEqual([2]);
  });
  fc.assert(property, runs);
  expect(judged).toBeGreaterThan(15);
});

test("[TC17] one that is narrowed or names another domain is found", () => {
  let judged = 0;
  const property = fc.property(choices, fc.nat(), fc.boolean(), (chosen, pick, narrow) => {
    const steps = stepsOf(chosen, !narrow);
    const all = announcements(steps);
    const index = all[pick % all.length];
    const [unmap, asked] = index === undefined ? [] : [steps[index - 1], steps[index]];
    if (index === undefined || unmap?.do !== "unmap" || asked?.do !== "invalidate") return;
    // Of two domains that have the same IOVA mapped a trace cannot tell which one unmaps it.
    const words = narrow ? ask.pages(3, unmap.page) : asked.words ^ (8n << 16n);
    if (narrow && unmap.pages === 1) return;
    judged += 1;
    const kinds = findings(linux(steps.with(index, { ...asked, words }))).map(({ kind }) => kind);
    expect(kinds).toContain(narrow ? "narrowInvalidation" : "otherDomain");
  });
  fc.assert(property, runs);
  expect(judged).toBeGreaterThan(15);
});

test("[TC17] QEMU's trace alone tells when the page is used again", () => {
  let judged = 0;
  const property = fc.property(choices, fc.nat(), (chosen, pick) => {
    const steps = stepsOf(chosen, false);
    const all = announcements(steps).filter((index) => {
      const [unmap, asked] = [steps[index - 1], steps[index]];
      if (unmap?.do !== "unmap" || asked?.do !== "invalidate") return false;
      const did = Number((asked.words >> 16n) & 0xffffn);
      return steps
        .slice(index)
        .some((step) => step.do === "fill" && step.did === did && step.page === unmap.page);
    });
    const index = all[pick % all.length];
    if (index === undefined) return;
    judged += 1;
    const kinds = findings(qemu(steps.toSpliced(index, 1))).map(({ kind }) => kind);
    expect(kinds).toEqual(["changedTranslation"]);
  });
  fc.assert(property, runs);
  expect(judged).toBeGreaterThan(15);
});

test("[TC17] a descriptor or a ring entry that QEMU's trace lacks is found", () => {
  const property = fc.property(choices, fc.nat(), fc.boolean(), (chosen, pick, whole) => {
    const lines = qemuLines(stepsOf(chosen, true));
    const all = lines.flatMap((line, index) =>
      line.startsWith("vtd_inv_desc inv") ? [index] : [],
    );
    const index = all[pick % (all.length - 1)] ?? 0;
    const cut = whole ? lines.toSpliced(index - 1, 2) : lines.toSpliced(index, 1);
    expect(findings(traceOf("qemu", cut)).length).toBeGreaterThan(0);
    const complete = sequence(traceOf("qemu", lines));
    const { differences } = compareSequences(complete, sequence(traceOf("qemu", cut)));
    expect(differences).toHaveLength(lines[index]?.includes("type wait") === true ? 0 : 1);
  });
  fc.assert(property, runs);
});
