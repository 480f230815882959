import { checkFact, checkInput } from "../events/event-check.ts";
import type { Fact } from "../events/fact.ts";
import type { Input } from "../events/input.ts";
import { MalformedError, nameOfValue } from "../events/malformed-error.ts";
import { reading } from "../events/shape-from-value.ts";
import type { Step } from "../history/step.ts";
import { brokenLaw as brokenBy } from "../properties/hunt/find.ts";
import type { Judged } from "../properties/judge.ts";
import { judge as judgeStep } from "../properties/judge.ts";
import type { Law } from "../properties/laws/law.ts";
import type { Run } from "../properties/laws/run.ts";
import { runOf as runFrom } from "../properties/laws/run.ts";
import type { Violation } from "../properties/verdict.ts";
import type { Program } from "../properties/world/program.ts";
import { checkEvents, checkProgram, checkWorld } from "./argument.ts";

/**
 * Folds inputs from a set-up, and keeps all that a law looks at. The number of an input is that of
 * its event.
 *
 * @throws what `createWorld` and `steps` throw for the set-up and the inputs.
 */
export function runOf(program: Program): Run {
  const run = runFrom(checkProgram(program));
  // What a chart told is compared with the facts that were recorded, bytes by identity.
  const copies = new Map<Uint8Array, Uint8Array>();
  const own = <T extends Input | Fact>(event: T): T => {
    const { bytes } = event as { readonly bytes?: Uint8Array };
    const copy = bytes && (copies.get(bytes) ?? bytes.slice());
    if (bytes === undefined || copy === undefined) return event;
    copies.set(bytes, copy);
    return { ...event, bytes: copy };
  };
  const steps = run.steps.map((step) => ({
    ...step,
    input: own(step.input),
    facts: step.facts.map(own),
  }));
  const told = run.told.map((one) => ({ ...one, facts: one.facts.map(own) }));
  return { ...run, steps, told, inputs: steps.map(({ input }) => input) };
}

/**
 * Compares a step with what was recorded beside its input, and checks the laws that a DMA alone
 * can show. It is the step that is judged: what the request itself made the unit read counts.
 *
 * A DMA that landed agrees when it reached the recorded guest page, and the shadow, the host page
 * reached and, where nothing is pending, the composed walk are the same; one that faulted when it
 * was blocked for the recorded reason and reported with that reason, source-id and page, or kept
 * from being reported by a rule. What the host refuses by name says nothing about the tables. An
 * interrupt agrees when the message that was delivered is the recorded one, or when it was blocked
 * and reported as recorded.
 *
 * @param step  as `steps` gives it, or as another implementation took it.
 * @throws MalformedError when it is none: it names the input's or the fact's field.
 */
export function judge(step: Step): Judged {
  const { seq, before, after } = checkEvents(step);
  checkWorld(before, "step: before");
  checkWorld(after, "step: after");
  return judgeStep({
    ...{ seq, before, after },
    input: checkInput(step.input),
    facts: step.facts.map(checkFact),
  });
}

/**
 * The first of some laws that a program breaks, if its run is of concern; whatever throws while
 * it is folded or looked at breaks PF1.
 *
 * @throws MalformedError when the program is none: it names the field.
 */
export function brokenLaw(
  program: Program,
  wanted?: readonly Law[],
  concerns?: (run: Run) => boolean,
): Violation | undefined {
  const checked = checkProgram(program);
  if (wanted !== undefined && !reading("laws", () => Array.isArray(wanted))) {
    throw new MalformedError("laws", "", `expected a list, found ${nameOfValue(wanted)}`);
  }
  return brokenBy(checked, wanted, concerns);
}
