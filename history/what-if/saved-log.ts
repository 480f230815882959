import { encodeEvent, encodeHeader } from "../../events/log/log.ts";
import { encodeEnd } from "../../events/log/log-end.ts";
import type { Setup } from "../../events/setup.ts";
import { inputAt } from "../timeline/input-store.ts";
import { stepAt } from "../timeline/seek.ts";
import type { Timeline } from "../timeline/timeline.ts";
import { eventOfInput } from "./fork.ts";

/**
 * The lines of a log that says what a timeline does, without their ends.
 *
 * @param withFacts  also what followed, which a reader of the log can verify.
 */
export function* linesOf(
  setup: Setup,
  timeline: Timeline,
  withFacts = false,
): Generator<string, void, void> {
  yield encodeHeader(setup);
  let last = 0;
  for (let place = 0; place < timeline.inputs.count; place++) {
    const input = inputAt(timeline.inputs, place);
    const seq = eventOfInput(timeline, place);
    if (input === undefined) return;
    yield encodeEvent({ seq, input });
    last = seq;
    const facts = withFacts ? (stepAt(timeline, place)?.facts ?? []) : [];
    for (const [index, fact] of facts.entries()) {
      last = seq + 1 + index;
      yield encodeEvent({ seq: last, cause: seq, fact });
    }
  }
  yield encodeEnd(last);
}
