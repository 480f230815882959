import type { Input } from "../events/input.ts";
import { definedInputs } from "./defined-input.ts";
import { textOf } from "./difference.ts";
import type { Finding, Lane, ProgramRun } from "./lane.ts";
import { unlessStopped } from "./lane.ts";
import { withoutCommands, withoutDescriptors, withoutGroups } from "./reductions.ts";
import type { EndSignal } from "./target.ts";

/** What makes two outcomes the same finding: what differs, not its numbers. */
function signatureOf({ comparison, death }: ProgramRun): string | undefined {
  if (death !== undefined) return `death ${death.replaceAll(/0x[0-9a-f]+|\d+(\.\d+)?/g, "N")}`;
  const difference = comparison?.difference;
  if (difference === undefined) return undefined;
  const first = difference.sides.find(({ what }) => what === difference.what);
  const text = first === undefined ? difference.text : textOf(first);
  const names = text.match(/[A-Z]{3,}\d*|fault 0x[0-9a-f]+|page|suppressed|blocked/g) ?? [];
  return [difference.what, ...new Set(names)].join(" ");
}

/** How a finding is made small. */
export interface Shrinking {
  /** How long at most. */
  readonly seconds: number;
  /** Told before each try: how many inputs are left, and how often something was tried. */
  readonly watch: (inputs: number, tries: number) => void;
  /** Ends it early; what it has come to by then is kept. */
  readonly stop?: EndSignal | undefined;
}

/**
 * A finding with as few inputs as still show it: what belongs together is taken out first, then
 * halves, ever smaller stretches, in the end one at a time, and descriptors from the queue.
 *
 * @returns it, and whether it was cut: more might have been tried.
 */
export async function shrinkFinding(
  lane: Lane,
  finding: Finding,
  { seconds, watch, stop }: Shrinking,
): Promise<{ readonly finding: Finding; readonly isCut: boolean }> {
  const end = performance.now() + seconds * 1000;
  const isOver = (): boolean => performance.now() > end || stop?.aborted === true;
  const wanted = signatureOf(finding);
  let [best, tries] = [finding, 0];
  const tryInputs = async (inputs: readonly Input[]): Promise<boolean> => {
    if (isOver()) return false;
    // Without an input a later one may be undefined: it is not what is wanted then.
    if (definedInputs({ guests: [lane.setup] }, inputs).length !== inputs.length) return false;
    tries += 1;
    watch(best.inputs.length, tries);
    const outcome = await unlessStopped(lane.run(inputs), stop);
    if (outcome === undefined || signatureOf(outcome) !== wanted) return false;
    best = { ...finding, ...outcome, inputs };
    return true;
  };
  const shown = finding.comparison?.difference?.at ?? finding.diedAt;
  const last = shown === undefined ? undefined : finding.steps[shown];
  if (last !== undefined)
    await tryInputs(finding.inputs.slice(0, finding.inputs.indexOf(last) + 1));
  // What a target does instead of answering often needs nothing before it.
  if (finding.diedAt !== undefined && last !== undefined) await tryInputs([last]);
  const isSmall = (): boolean => best.inputs.length <= 1;
  for (let stretch = Math.max(1, best.inputs.length >> 1); !isOver() && !isSmall(); ) {
    const before = best.inputs.length;
    for (const fewer of withoutGroups(best.inputs)) {
      if (fewer.length < best.inputs.length && (await tryInputs(fewer))) break;
    }
    for (const other of withoutCommands(best.inputs)) await tryInputs(other);
    for (let from = best.inputs.length - stretch; ; from -= stretch) {
      const start = Math.max(0, from);
      if (isOver()) break;
      if (start < best.inputs.length) await tryInputs(best.inputs.toSpliced(start, stretch));
      if (from <= 0) break;
    }
    for (let index = best.inputs.length - 1; index >= 0; index--) {
      const fewer = withoutDescriptors(best.inputs, index);
      if (fewer !== undefined) await tryInputs(fewer);
    }
    if (stretch === 1 && best.inputs.length === before) break;
    stretch = Math.max(1, stretch >> 1);
  }
  return { finding: best, isCut: isOver() && !isSmall() };
}
