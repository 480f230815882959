import { encodeEvent, parseEvent } from "../events/log/log.ts";
import type { Step } from "../history/step.ts";
import { fold } from "../hypervisor/fold.ts";
import { stateHash } from "../projections/digest.ts";
import type { World } from "../projections/world.ts";
import { judge } from "../properties/judge.ts";
import type { Figure } from "./figure.ts";
import type { Effort } from "./measure.ts";
import { bestSeconds } from "./measure.ts";
import type { Recorded } from "./recorded.ts";
import { loadRecorded } from "./recorded.ts";

const name = "linux-legacy-nvme-load";
const group = `fold ${name}`;

function foldAlone({ start, inputs }: Recorded): World {
  let world = start;
  for (const input of inputs) world = fold(world, input).world;
  return world;
}

/** Folds and compares every answer, as `shadowfold replay` does. */
function foldJudged({ start, inputs }: Recorded): number {
  let world = start;
  let wrong = 0;
  for (const input of inputs) {
    const { world: after, facts } = fold(world, input);
    const step: Step = { seq: world.seq + 1, input, facts, before: world, after };
    const { verdict, violations } = judge(step);
    if (verdict.verdict === "disagree" || violations.length > 0) wrong += 1;
    world = after;
  }
  if (wrong > 0) throw new Error(`${wrong.toString()} recorded answers differ`);
  return wrong;
}

/** Every input and fact of the recording as lines of a log. */
function logLines({ start, inputs }: Recorded, limit: number): readonly string[] {
  const lines: string[] = [];
  let world = start;
  for (const input of inputs) {
    if (lines.length >= limit) break;
    const cause = world.seq + 1;
    const { world: after, facts } = fold(world, input);
    lines.push(encodeEvent({ seq: cause, input }));
    for (const [index, fact] of facts.entries()) {
      lines.push(encodeEvent({ seq: cause + 1 + index, cause, fact }));
    }
    world = after;
  }
  return lines;
}

function parseLog(lines: readonly string[]): number {
  let after = 0;
  for (const line of lines) after = parseEvent(line, after + 2, after).seq;
  return after;
}

/** Inputs a second over a real guest; reading its lines; hashing its last state. */
export function measureFold(effort: Effort): readonly Figure[] {
  const recorded = loadRecorded(name);
  const count = recorded.inputs.length;
  const perSecond = { group, unit: "inputs/s", budget: { atLeast: 300_000 } } as const;
  const longer = { ...effort, seconds: effort.seconds * 2 };
  const alone = bestSeconds(longer, () => foldAlone(recorded));
  const judged = bestSeconds(longer, () => foldJudged(recorded));
  const recording = bestSeconds(effort, () => {
    for (const [index, line] of recorded.lines.entries()) recorded.read(line, index + 2);
  });
  const log = logLines(recorded, 50_000);
  const parsed = bestSeconds(effort, () => parseLog(log));
  const end = foldAlone(recorded);
  const hashed = bestSeconds(effort, () => stateHash(end));
  const lines = { group: "read, hash", unit: "lines/s" } as const;
  return [
    { ...perSecond, name: "fold alone", value: count / alone },
    { ...perSecond, name: "fold, every answer judged", value: count / judged },
    { ...lines, name: "parse a recording", value: recorded.lines.length / recording },
    { ...lines, name: "parse a log, facts and all", value: log.length / parsed },
    { ...lines, name: "stateHash of the last state", value: hashed * 1000, unit: "ms" },
  ];
}
