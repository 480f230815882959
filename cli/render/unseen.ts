import { hex } from "../../events/address.ts";
import type { Unseen, Waiting } from "../../history/unseen.ts";
import { entryText, meaning } from "./meaning.ts";
import type { Plot } from "./plot.ts";
import { eventName } from "./plot.ts";
import { entryName, placeOf } from "./walk-rows.ts";

/** What flushes a write buffer. */
const flushing =
  "by GCMD.WBF, or by an invalidation of contexts, PASIDs, the IOTLB or interrupt entries";

/** What a write is, by where it waits: a title. */
export const waitTitle: Readonly<Record<Waiting, string>> = {
  cache: "not written back",
  buffer: "in the write buffer",
  cacheThenBuffer: "not written back",
};

/** When the unit sees a write, by where it waits. */
export const seenOnce: Readonly<Record<Waiting, string>> = {
  cache: "the unit sees it once its line is flushed (ECAP.C=0)",
  buffer: "the unit sees it once the write buffer is flushed (CAP.RWBF=1)",
  cacheThenBuffer:
    "the unit sees it once its line is flushed (ECAP.C=0) and then the write buffer (CAP.RWBF=1)",
};

/** What has not been done, and when the unit sees it, in a sentence about a line at an address. */
function waitText({ waits, seq }: Unseen, line: bigint): string {
  const at = `at ${eventName(seq)}`;
  if (waits === "buffer") {
    return (
      `${at}, and the write buffer was not flushed since, so that the unit need not see it ` +
      `(CAP.RWBF=1). Once it is flushed, ${flushing},`
    );
  }
  const then = waits === "cache" ? "" : `, and then the write buffer (CAP.RWBF=1), ${flushing}`;
  return (
    `${at} and has not written it back, so that the unit does not see it (ECAP.C=0). ` +
    `Once its line at ${hex(line)} is flushed${then},`
  );
}

/** What the guest's CPU wrote to entries of the path, and the unit does not see. */
export const unseenSentences = ({ walk, unseen }: Plot): string[] =>
  walk.steps.flatMap((step, index) => {
    const late = unseen[index];
    if (late === undefined) return [];
    const at = placeOf(walk, step);
    const what = `${entryText(at, late.value)}: ${meaning(at, late.value)}`;
    const told = waitText(late, step.address - (step.address % 64n));
    return [
      `The guest's CPU wrote to that ${entryName(step, walk.scalable)} ${told} it is ${what}.`,
    ];
  });

/** What the unit saw though it need not have: the recorded outcome cannot be otherwise. */
export function earlySentences({ walk, early }: Plot): string[] {
  const names = walk.steps.flatMap((step, index) => {
    const write = early[index];
    if (write === undefined) return [];
    return [`the ${entryName(step, walk.scalable)} (${eventName(write.seq)})`];
  });
  if (names.length === 0) return [];
  const last = names.slice(-1);
  const list = [...(names.length > 1 ? [names.slice(0, -1).join(", ")] : []), ...last];
  return [
    `What was recorded of it shows that the unit had seen ${list.join(" and ")} as written, ` +
      "though nothing had flushed that: caches and write buffers may empty themselves at any time.",
  ];
}

/** The point of a story in which the unit reads what is no longer meant. */
export function unseenConclusion({ walk, unseen, decisive }: Plot): string[] {
  const index = unseen[decisive] === undefined ? unseen.findIndex(Boolean) : decisive;
  const [step, late] = [walk.steps[index], unseen[index]];
  if (step === undefined || late === undefined) return [];
  const what = `the ${entryName(step, walk.scalable)} at ${eventName(late.seq)}`;
  const left = late.waits === "buffer" ? "flush the write buffer" : "write the line back";
  return [`In short: the guest wrote ${what} and did not ${left}.`];
}
