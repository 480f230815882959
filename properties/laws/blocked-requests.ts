import { formatSourceId, hex, pageOf } from "../../events/address.ts";
import type { InputOf } from "../../events/input.ts";
import type { Step } from "../../history/step.ts";
import { keyOf } from "../oracle/host-kernel.ts";
import type { Given } from "./device-book.ts";
import { givenAt } from "./device-book.ts";
import { hostRefusal, isMessage, isTranslating } from "./host-refusals.ts";
import type { HostBook } from "./host-wanted.ts";
import { followHost, newHostBook } from "./host-wanted.ts";
import type { Count, Law } from "./law.ts";
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

type Request = InputOf<"Dma"> | InputOf<"DmaIssue">;

/** Whether the host keeps a device's request from memory whatever the guest says. */
function isKeptOut({ kept }: HostBook, input: Request, device: Given | undefined): boolean {
  const { pasid, access, iova } = input;
  // A message is no request for memory.
  if (device === undefined || (access === "write" && isMessage(pageOf(iova), pasid))) return false;
  return kept[guestIndex(input)]?.has(keyOf({ source: device.requester, pasid })) === true;
}

/** Why it was not right how the host treated a request, or nothing. */
function checkRequest(step: Step, input: Request, book: HostBook, look: Look): string | undefined {
  const guest = step.before.guests[guestIndex(input)];
  if (guest === undefined || step.facts[0]?.type === "InputRefused") return undefined;
  const { probe, count } = look;
  const device = givenAt(book.devices, guestIndex(input), input.device);
  const found = refusalOf(step);
  const isOut = isKeptOut(book, input, device);
  const isOff = device !== undefined && input.translated === true && !isTranslating(guest);
  if (isOut || found === "keptOut") {
    count("kept out");
    const isRight = isOut && (found === "keptOut" || (isOff && found === "off"));
    return isRight ? undefined : `the host says ${found}, and ${isOut ? "keeps" : "lets"} it`;
  }
  if (isOff !== (found === "off")) return `${found} with translation off`;
  if (isOff) count("off");
  const wanted = probe === undefined ? "unknown" : hostRefusal(probe, device);
  if (probe !== undefined && wanted !== "unknown") {
    const text = checkBlocked(step, probe, wanted);
    if (text === undefined) count(wanted ?? "not refused");
    return text;
  }
  return device === undefined && found !== "unassigned" ? "is not assigned" : undefined;
}

interface Look {
  readonly probe: Probe | undefined;
  readonly count: Count;
}

export const hostRefusesRightly: Law = {
  id: "DM2",
  says:
    "The host itself blocks a DMA of a device that is not assigned or is kept out, that needs a " +
    "shadow without caching mode, or into protected memory, and a translated one while " +
    "translation is off.",
  sometimes: ["unassigned", "refused", "protected", "not refused", "kept out"],
  check(run, count) {
    const { asked } = sightOf(run);
    const book = newHostBook(run);
    for (const step of run.steps) {
      const { input, seq } = step;
      if (input.type === "Dma" || input.type === "DmaIssue") {
        const look = { probe: asked.get(seq), count };
        const text = checkRequest(step, input, book, look);
        const who = `${formatSourceId(input.device)} at ${hex(input.iova)}`;
        if (text !== undefined) return { law: "DM2", seq, text: `${who}: ${text}` };
      }
      followHost(book, step);
    }
    return undefined;
  },
};
