import { hex } from "../../events/address.ts";
import type { Input } from "../../events/input.ts";
import { readBytes } from "../../projections/registers/registers.ts";
import type { Law } from "./law.ts";
import { guestIndex } from "./run.ts";

/** Whether an input writes a byte of GCMD. */
const commands = (input: Input): boolean =>
  input.type === "RegisterWrite" && input.offset < 0x1c && input.offset + input.size > 0x18;

/** Facts after which GSTS is what it was at another time. */
const renewing: ReadonlySet<string> = new Set([
  ...["UnitWasReset", "UnitRestored", "UnitCreated", "UnitDestroyed"],
]);

export const statusStays: Law = {
  id: "GS2",
  says: "GSTS changes by a write to GCMD, by a reset and by a restore, and by nothing else.",
  sometimes: ["changes", "another write", "an error of the queue", "a fault"],
  check(run, count) {
    for (const { input, facts, before, after, seq } of run.steps) {
      const [was, now] = [before.guests[guestIndex(input)], after.guests[guestIndex(input)]];
      if (was === undefined || now === undefined) continue;
      const [old, status] = [readBytes(was, 0x1c, 4), readBytes(now, 0x1c, 4)];
      if (commands(input) || facts.some(({ type }) => renewing.has(type))) {
        if (old !== status) count("changes");
        continue;
      }
      if (input.type === "RegisterWrite") count("another write");
      if (facts.some(({ type }) => type === "QueueHalted" || type === "CompletionFailed"))
        count("an error of the queue");
      if (facts.some(({ type }) => type === "FaultRecorded")) count("a fault");
      if (old === status) continue;
      const text = `${input.type} leads GSTS from ${hex(old)} to ${hex(status)}`;
      return { law: "GS2", seq, text };
    }
    return undefined;
  },
};
