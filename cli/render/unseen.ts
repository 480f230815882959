import { hex } from "../../events/address.ts";
import { entryText, meaning } from "./meaning.ts";
import type { Plot } from "./plot.ts";
import { eventName } from "./plot.ts";
import { entryName, placeOf } from "./walk-rows.ts";

/** What the guest's CPU wrote to entries of the path, and the unit does not see. */
export const unseenSentences = ({ walk, unseen }: Plot): string[] =>
  walk.steps.flatMap((step, index) => {
    const late = unseen[index];
    if (late === undefined) return [];
    const at = placeOf(walk, step);
    const what = `${entryText(at, late.value)}: ${meaning(at, late.value)}`;
    return [
      `The guest's CPU wrote to that ${entryName(step, walk.scalable)} at ${eventName(late.seq)} ` +
        `and has not written it back, so that the unit does not see it (ECAP.C=0). ` +
        `Once its line at ${hex(step.address - (step.address % 64n))} is flushed, it is ${what}.`,
    ];
  });

/** The point of a story in which the unit reads what is no longer meant. */
export function unseenConclusion({ walk, unseen, decisive }: Plot): string[] {
  const index = unseen[decisive] === undefined ? unseen.findIndex(Boolean) : decisive;
  const [step, late] = [walk.steps[index], unseen[index]];
  if (step === undefined || late === undefined) return [];
  const what = `the ${entryName(step, walk.scalable)} at ${eventName(late.seq)}`;
  return [`In short: the guest wrote ${what} and did not write the line back.`];
}
