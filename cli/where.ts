import { InvalidArgumentError } from "commander";
import { parseSourceId } from "../events/address.ts";
import type { Surroundings } from "../history/expression/event-view.ts";
import type { Expression } from "../history/expression/expression.ts";
import { isTrueAbout, parseExpression, usesName } from "../history/expression/expression.ts";
import { ExpressionError } from "../history/expression/expression-error.ts";
import { isSameLife, lifeAt } from "../history/lifeline/life.ts";
import { memoryDrained } from "../history/memory-use/memory-drained.ts";
import type { Step } from "../history/step.ts";
import type { Event } from "../projections/evolve.ts";
import type { World } from "../projections/world.ts";
import { judge } from "../properties/judge.ts";

/** Reads the expression of `--where`. */
export function parseWhere(text: string): Expression {
  try {
    return parseExpression(text);
  } catch (error) {
    if (error instanceof ExpressionError) throw new InvalidArgumentError(`At ${error.message}.`);
    throw error;
  }
}

/** Whether the translation of a page is another after a step. */
function isChanged(step: Step, device: string, iova: bigint, pasid: bigint | undefined): boolean {
  const source = parseSourceId(device);
  if (source === undefined || iova < 0n) return false;
  const page = Number(iova / 4096n);
  const number = pasid === undefined ? undefined : Number(pasid);
  const place = { guest: 0, device: source, page, pasid: number };
  return !isSameLife(lifeAt(step.before, place), lifeAt(step.after, place));
}

/** Whether an expression is so of the events of a step that was just folded. */
export type WhereTest = (seq: number, event: Event) => boolean;

/** Asks an expression of the events of each step as it comes. */
export function startWhere(expression: Expression, start: World): (step: Step) => WhereTest {
  const isJudged = usesName(expression, "laws");
  return (step) => {
    const violations = isJudged ? judge(step).violations : [];
    const surroundings: Surroundings = {
      start,
      lawsAt: (seq) => violations.filter((one) => one.seq === seq).map(({ law }) => law),
      changesAt: (_cause, device, iova, pasid) => isChanged(step, device, iova, pasid),
      drainedAt: (seq) => memoryDrained(step, seq),
    };
    return (seq, event) => isTrueAbout(expression, surroundings, { seq, cause: step.seq, event });
  };
}
