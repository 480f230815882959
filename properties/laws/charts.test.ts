import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AnyMachineSnapshot } from "xstate";
import { transition } from "xstate";
import type { CompiledChart, Stimulus } from "../../machines/chart.ts";
import { translation } from "../../machines/context/translation.ts";
import { deviceTlb } from "../../machines/device/device-tlb.ts";
import { request } from "../../machines/device/dma.ts";
import { translationRequest } from "../../machines/device/translation-request.ts";
import { faultRecording } from "../../machines/fault/fault-recording.ts";
import { attachment } from "../../machines/host/attachment.ts";
import { interrupt } from "../../machines/interrupt/interrupt.ts";
import { remapping } from "../../machines/interrupt/remapping.ts";
import { lifeCycle } from "../../machines/life/life-cycle.ts";
import { pageGroup } from "../../machines/page-request/page-group.ts";
import { pageRequestQueue } from "../../machines/page-request/page-request-queue.ts";
import { queue } from "../../machines/queue/queue.ts";
import { eventLine } from "../../machines/registers/event-line.ts";
import { protection } from "../../machines/registers/protection.ts";
import { command } from "../../machines/registers/register-command.ts";

const charts = {
  attachment,
  command,
  deviceTlb,
  eventLine,
  lifeCycle,
  faultRecording,
  interrupt,
  pageGroup,
  pageRequestQueue,
  protection,
  queue,
  remapping,
  request,
  translation,
  translationRequest,
};

const small = fc.nat(3);
const word = fc.bigInt(0n, 0xffffn);
const entry = fc.record({
  state: fc.constantFrom("blocked", "passThrough", "shadowed", "virtual", "refused"),
  did: small,
});

/** Everything that some guard or fact of some chart looks at. */
const fields = fc.record({
  ...{ value: word, ttm: small, entry, blocked: entry, translated: entry, landed: entry },
  ...{ fact: entry, line: fc.constantFrom("fault", "pageRequest"), address: word, data: small },
  ...{ head: small, wait: fc.boolean(), mayDisable: fc.boolean(), hasWork: fc.boolean() },
  ...{ error: fc.constantFrom("IQE", "ICE", "ITE"), iqei: small, source: fc.option(small) },
  ...{ allAnswered: fc.boolean(), anyLeft: fc.boolean(), inFlight: fc.boolean(), index: small },
  ...{ suppressed: fc.boolean(), repeated: fc.boolean(), busy: fc.boolean(), last: fc.boolean() },
  ...{ anyRecord: fc.boolean(), queueEnabled: fc.boolean(), granularity: small, page: word },
  ...{ delivered: entry, posted: entry, notification: entry, notifies: fc.boolean() },
  ...{ failure: fc.constantFrom(undefined, "-EINVAL"), why: fc.constantFrom(undefined, "no") },
  ...{
    operation: fc.constantFrom("create", "query"),
    created: entry,
    caps: word,
    record: fc.string(),
  },
  ...{ asked: entry, answered: entry, lastOwed: fc.boolean(), requested: entry, ignored: entry },
  ...{ full: fc.boolean(), queued: entry, dropped: entry },
  ...{ access: fc.constantFrom("read", "write"), reason: small, device: small, iova: word },
});

/** A stimulus of a type that the chart knows, or of one that it does not. */
const stimulusOf = (chart: CompiledChart): fc.Arbitrary<Stimulus> =>
  fc
    .tuple(fc.constantFrom(...chart.machine.events, "Unknown"), fields)
    .map(([type, rest]) => ({ ...rest, type: String(type) }));

/** What xstate itself makes of a stimulus, in the words of the compiled chart. */
function reference(chart: CompiledChart, state: string, stimulus: Stimulus): unknown {
  const snapshot = chart.machine.resolveState({ value: state, context: {} }) as AnyMachineSnapshot;
  const [next, actions] = transition(chart.machine, snapshot, stimulus);
  const facts = actions.map(({ type, params }) => ({ type, ...(params as object | undefined) }));
  return { state: next.value, facts };
}

describe("charts", () => {
  for (const [name, chart] of Object.entries(charts)) {
    it(`[CH1] ${name}: the compiled step is what xstate's transition does`, () => {
      const pair = fc.tuple(fc.constantFrom(...chart.states), stimulusOf(chart));
      const property = fc.property(pair, ([state, stimulus]) => {
        expect(chart.step(state, stimulus)).toEqual(reference(chart, state, stimulus));
      });
      fc.assert(property, { numRuns: 300 });
    });

    it(`[CH1] ${name}: every state is reached and has a name`, () => {
      expect(new Set(chart.states).size).toBe(chart.states.length);
      expect(chart.states.length).toBeGreaterThan(0);
    });
  }
});
