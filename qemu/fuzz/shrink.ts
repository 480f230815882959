import type { Input } from "../../events/input.ts";
import type { Finding, Lane, Outcome } from "./campaign.ts";
import { definedInputs } from "./defined.ts";

/** What makes two outcomes the same finding: what differs, not its numbers. */
function signatureOf({ comparison, death }: Outcome): string | undefined {
  if (death !== undefined) return `death ${death.replaceAll(/0x[0-9a-f]+|\\d+/g, "N")}`;
  const difference = comparison?.difference;
  if (difference === undefined) return undefined;
  const names = difference.text.match(/[A-Z]{3,}\d*|fault 0x[0-9a-f]+|page|blocked/g) ?? [];
  return [difference.what, ...new Set(names)].join(" ");
}

/**
 * A finding with as few inputs as still show it: halves are taken out first, then ever smaller
 * stretches, in the end one at a time.
 *
 * @param seconds  how long at most.
 */
export async function shrinkFinding(
  lane: Lane,
  finding: Finding,
  seconds: number,
  watch: (inputs: number) => void,
): Promise<Finding> {
  const wanted = signatureOf(finding);
  const end = performance.now() + seconds * 1000;
  let best = finding;
  const shown = finding.comparison?.difference?.at;
  const upTo = shown === undefined ? finding.inputs : finding.inputs.slice(0, shown + 1);
  const tryInputs = async (inputs: readonly Input[]): Promise<boolean> => {
    // Without an input a later one may be undefined: it is not what is wanted then.
    if (definedInputs({ guests: [lane.setup] }, inputs).length !== inputs.length) return false;
    const outcome = await lane.run(inputs);
    if (signatureOf(outcome) !== wanted) return false;
    best = { ...finding, ...outcome, inputs };
    watch(inputs.length);
    return true;
  };
  if (upTo.length < finding.inputs.length) await tryInputs(upTo);
  let stretch = Math.max(1, best.inputs.length >> 1);
  while (performance.now() < end) {
    const before = best.inputs.length;
    for (let from = best.inputs.length - stretch; ; from -= stretch) {
      const start = Math.max(0, from);
      if (performance.now() > end) break;
      if (start < best.inputs.length) await tryInputs(best.inputs.toSpliced(start, stretch));
      if (from <= 0) break;
    }
    if (stretch === 1 && best.inputs.length === before) break;
    stretch = Math.max(1, stretch >> 1);
  }
  return best;
}
