import { hex } from "../../events/address.ts";
import { meaning } from "./meaning.ts";
import type { Plot } from "./plot.ts";
import { eventName } from "./plot.ts";
import { entryName, placeOf } from "./walk-rows.ts";

/** Whether a DMA was decided by the tables as they are, not by what was known before. */
function isByTables({ use, walk: { guest } }: Plot): boolean {
  const { blocked, landed } = use ?? {};
  if (blocked?.reason !== undefined) return "fault" in guest && guest.fault === blocked.reason;
  // What the host blocks it blocks by itself.
  if (landed?.gpa === undefined) return true;
  return "gpa" in guest && guest.gpa === landed.gpa;
}

/** Whether a DMA was decided by what was remembered, and not by the tables that it met. */
export const isByMemory = (plot: Plot): boolean =>
  plot.regime === "tables" && plot.use !== undefined && !isByTables(plot);

/** What an entry said before it was changed; of the one that decides its own sentences say that. */
function saidBefore({ walk, trail, decisive }: Plot, seq: number): string[] {
  return trail.entries.flatMap(({ writes }, index) => {
    const [step, write] = [walk.steps[index], writes.find((one) => one.seq === seq)];
    if (step === undefined || write === undefined || index === decisive) return [];
    const name = `the ${entryName(step, walk.scalable)} at guest address ${hex(step.address)}`;
    return [`Until ${eventName(seq)} ${name} said: ${meaning(placeOf(walk, step), write.from)}.`];
  });
}

/** That a DMA was decided by what the tables said before, where they say otherwise by now. */
export function rememberedSentences(plot: Plot): string[] {
  if (!isByMemory(plot)) return [];
  const { pending } = plot.walk;
  const before =
    pending === undefined
      ? "what is remembered of the tables"
      : `the tables as they were before the change at ${eventName(pending.since)}, which is not ` +
        "announced yet";
  const said = pending === undefined ? [] : saidBefore(plot, pending.since);
  return [`That was decided by ${before}; by now they say something else.`, ...said];
}
