import { env } from "node:process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AnyMachineSnapshot } from "xstate";
import { transition } from "xstate";
import type { Fact } from "../../events/fact.ts";
import type { AnyChart } from "../../machines/chart.ts";
import { charts } from "../../machines/charts.ts";
import { plainReference, referenceStep } from "./chart-transitions.ts";

/** How many stimuli each chart gets: some in every test run, 10,000 in the night. */
const stimuli = Math.max(500, Number(env["SHADOWFOLD_WORLDS"] ?? 0));

const small = fc.nat(3);
const word = fc.bigInt(0n, 0xffffn);
const maybe = fc.option(small, { nil: undefined });
const errors = fc.record({ IQE: fc.boolean(), ICE: fc.boolean(), ITE: fc.boolean() });
const slot = fc.option(fc.record({ source: small }), { nil: undefined });

/** An interrupt entry: present or not, for a source-id near those of requests. */
const entryWord = ([low, sid, verify]: [bigint, bigint, number]): bigint =>
  (low & 1n) | ((low >> 1n) << 127n) | ((sid & 0x301n) << 64n) | (BigInt(verify) << 80n);

/** Everything that some guard or fact of some chart looks at in a stimulus. */
const fields = fc.record({
  ...{ value: fc.constantFrom(0n, 1n << 31n, 5n), was: word, offset: small, tail: small },
  ...{ wide: fc.boolean(), descriptor: fc.option(word, { nil: undefined }), wait: fc.boolean() },
  ...{ error: fc.constantFrom("IQE", "ICE", "ITE"), iqei: small, source: maybe, index: small },
  ...{ reason: fc.constantFrom(2, 6, 0x30), page: word, access: fc.constantFrom("read", "write") },
  ...{ fpd: fc.boolean(), line: fc.constantFrom("fault", "pageRequest"), address: word },
  ...{ data: small, device: small, iova: word, tag: maybe, pasid: maybe, last: fc.boolean() },
  ...{ group: small, response: fc.constantFrom("success", "invalid"), automatic: fc.boolean() },
  ...{ head: small, size: fc.constantFrom(64, 4096), queueEnabled: fc.boolean() },
  ...{ granularity: small, am: small, mamv: small, physical: fc.boolean(), record: fc.string() },
  ...{ cachingMode: fc.boolean(), failure: fc.constantFrom(undefined, "-EINVAL"), caps: word },
  ...{ why: fc.constantFrom(undefined, "no"), reserved: fc.constantFrom(0n, 2n ** 127n) },
  word: fc.tuple(fc.bigInt(0n, 3n), word, fc.nat(15)).map(entryWord),
  means: fc.constantFrom("fault", "passThrough", "secondStage", "firstStage", "nested", "other"),
});

/** What a unit may keep beside its chart's state. */
const unit = fc.record({
  ...{ address: fc.constantFrom(0n, 0x800n), head: small, lastWasWait: fc.boolean(), errors },
  ...{ unanswered: fc.array(fc.record({ device: small }), { maxLength: 2 }), pasid: maybe },
  ...{ records: fc.array(slot, { minLength: 4, maxLength: 4 }), next: small },
});

/** The facts and parts of facts that a stimulus carries, which say what it says. */
function carried({
  tag,
  last,
  pasid,
  source,
}: Record<"tag" | "pasid" | "source", unknown> & { last: boolean }) {
  const entry = { source: 1, did: 2, fpd: false };
  const tagged = tag === undefined ? {} : { tag };
  return {
    ...{ entry, scope: entry, asked: entry, answered: entry, dropped: entry, created: entry },
    whose: entry,
    ...{ said: entry, rights: {}, blocked: { type: "DmaBlocked" } },
    requested: { last, pasid },
    request: { source },
    translated: { type: "DmaTranslated", ...tagged },
    landed: { type: "DmaLanded", ...tagged },
  };
}

/** A stimulus of a type that the chart knows, or of one that it does not. */
const stimulusOf = (chart: AnyChart) =>
  fc
    .tuple(fc.constantFrom<string>(...chart.machine.events, "Unknown"), fields)
    .map(([type, rest]) => {
      const tag = type === "Translate" ? rest.tag : (rest.tag ?? 0);
      return { ...rest, ...carried(rest), tag, type };
    });

/** What xstate itself makes of a stimulus, in the words of the compiled chart. */
function reference(chart: AnyChart, state: string, stimulus: { type: string }, context: unknown) {
  const snapshot = chart.machine.resolveState({ value: state, context } as never);
  const [next, actions] = transition(chart.machine, snapshot as AnyMachineSnapshot, stimulus);
  const facts = actions.map(({ type, params }) => ({ type, ...(params as object | undefined) }));
  return { state: (next as AnyMachineSnapshot).value, facts };
}

/** The same by the compiled chart: the facts, and the state once all of them took effect. */
function compiled(chart: AnyChart, state: string, stimulus: { type: string }, context: unknown) {
  const facts: readonly Fact[] = chart.step(state, stimulus, context);
  return { state: facts.reduce((at, fact) => chart.after(at, fact, context), state), facts };
}

describe("charts", () => {
  for (const chart of charts) {
    it(`[CH1] ${chart.id}: the compiled chart does what xstate's transition does`, () => {
      const scene = fc.tuple(fc.constantFrom<string>(...chart.states), stimulusOf(chart), unit);
      const property = fc.property(scene, ([state, stimulus, context]) => {
        const wanted = reference(chart, state, stimulus, context);
        expect(compiled(chart, state, stimulus, context)).toEqual(wanted);
      });
      fc.assert(property, { numRuns: stimuli });
    });
  }

  for (const chart of charts) {
    it(`[CH4] ${chart.id}: what xstate chose once leads where its transition leads again`, () => {
      const scene = fc.tuple(fc.constantFrom<string>(...chart.states), stimulusOf(chart), unit);
      const property = fc.property(scene, ([state, stimulus, context]) => {
        const wanted = plainReference(chart, state, stimulus, context);
        expect(referenceStep(chart, state, stimulus, context)).toEqual(wanted);
      });
      fc.assert(property, { numRuns: 300 });
    });
  }

  it("[CH1] each chart has a name of its own, and begins in one of its states", () => {
    expect(new Set(charts.map(({ id }) => id)).size).toBe(charts.length);
    expect(charts.filter(({ states, initial }) => !states.includes(initial))).toEqual([]);
  });
});
