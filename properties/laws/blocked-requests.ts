import { formatSourceId, hex } from "../../events/address.ts";
import type { Step } from "../../history/step.ts";
import { follow, givenAt, newDeviceBook } from "./device-book.ts";
import { hostRefusal, isMessage, isTranslating } from "./host-refusals.ts";
import type { Law } from "./law.ts";
import type { Probe } from "./probes.ts";
import { sightOf } from "./probes.ts";
import { find } from "./requests.ts";
import { guestIndex } from "./run.ts";

/** How the host blocked a request, if it did; nothing for a hole, which the tables lead to. */
function refusalOf({ facts }: Step): string | undefined {
  const blocked = find(facts, "DmaBlocked");
  return blocked?.host === "hole" ? undefined : blocked?.host;
}

/** Why it was not right that the host blocked a request as it did, or that it did not. */
function checkBlocked(step: Step, probe: Probe, wanted: string | undefined): string | undefined {
  const found = refusalOf(step);
  if (found === wanted) return undefined;
  const access = (find(step.facts, "DmaBlocked") ?? find(step.facts, "DmaTranslated"))?.access;
  // What the tables block the host need not.
  const isBlocked = find(step.facts, "DmaBlocked") !== undefined && found === undefined;
  const { expected, key } = probe;
  if (access === undefined || (wanted === "protected" && isBlocked)) {
    const isInterrupt = isMessage(key.page, key.pasid);
    return access === undefined && !isInterrupt ? `the host does not say: ${wanted}` : undefined;
  }
  if (found === undefined && "fault" in expected[access].composed) return undefined;
  return `the host says ${found ?? "nothing"}, not ${wanted ?? "nothing"}`;
}

export const hostRefusesRightly: Law = {
  id: "DM2",
  says:
    "The host itself blocks a DMA of a device that is not assigned, that needs a shadow without " +
    "caching mode, or into protected memory, and a translated one while translation is off.",
  sometimes: ["unassigned", "refused", "protected", "not refused"],
  check(run, count) {
    const { asked } = sightOf(run);
    const book = newDeviceBook(run);
    for (const step of run.steps) {
      const { input, facts, seq, before } = step;
      const violation = (text: string) => ({ law: "DM2", seq, text });
      const isDma = input.type === "Dma" || input.type === "DmaIssue";
      const guest = before.guests[guestIndex(input)];
      if (isDma && guest !== undefined && facts[0]?.type !== "InputRefused") {
        const device = givenAt(book, guestIndex(input), input.device);
        const who = `${formatSourceId(input.device)} at ${hex(input.iova)}`;
        const found = refusalOf(step);
        const isOff = device !== undefined && input.translated === true && !isTranslating(guest);
        if (isOff !== (found === "off")) return violation(`${who}: ${found} with translation off`);
        if (isOff) count("off");
        const probe = asked.get(seq);
        const wanted = probe === undefined ? "unknown" : hostRefusal(probe, device);
        if (probe !== undefined && wanted !== "unknown") {
          const text = checkBlocked(step, probe, wanted);
          if (text !== undefined) return violation(`${who}: ${text}`);
          count(wanted ?? "not refused");
        } else if (device === undefined && found !== "unassigned") {
          return violation(`${who} is not assigned`);
        }
      }
      follow(book, step);
    }
    return undefined;
  },
};
