import { formatSourceId, hex } from "../events/address.ts";
import type { FactOf } from "../events/fact.ts";
import { isForgetting } from "../history/told.ts";
import type { Note } from "./finding.ts";
import { eventText } from "./harm.ts";
import type { Moment } from "./moment.ts";
import { factSeq } from "./moment.ts";

/** An error of the queue, and how software got over it. */
interface Halt {
  readonly seq: number;
  readonly fact: FactOf<"QueueHalted">;
  readonly descriptor: bigint | undefined;
  cleared: number;
  resumed: number;
}

/** Follows the invalidation queue. */
export interface QueueCheck {
  readonly follow: (moment: Moment) => void;
  readonly open: (guest: number, note: Note) => void;
}

const errors: Readonly<Record<FactOf<"QueueHalted">["error"], string>> = {
  IQE: "a descriptor that is wrong (IQE)",
  ICE: "an answer of a device that nobody waits for (ICE)",
  ITE: "a device that did not answer in time (ITE)",
};

function noteHalt(halt: Halt, guest: number, note: Note): void {
  const { seq, fact, descriptor, cleared, resumed } = halt;
  const what = descriptor === undefined || fact.error !== "IQE" ? "" : `: ${hex(descriptor)}`;
  const whose = fact.source === undefined ? "" : ` of ${formatSourceId(fact.source)}`;
  const since = resumed === 0 ? cleared : resumed;
  const how = resumed === 0 ? "cleared" : "cleared and resumed";
  const end = since === 0 ? "it was not cleared" : `it was ${how} at ${eventText(since)}`;
  note({
    rule: "queue-error",
    at: seq,
    guest,
    device: fact.source,
    text: `the queue stopped at ${errors[fact.error]}${whose}${what}; ${end}`,
    evidence: [
      { at: seq, text: "the queue halts" },
      ...(cleared === 0 ? [] : [{ at: cleared, text: "software clears the error" }]),
      ...(resumed === 0 ? [] : [{ at: resumed, text: "the queue goes on" }]),
    ],
  });
}

/** An invalidation that the wait of its batch does not cover. */
interface Behind {
  readonly seq: number;
  readonly wait: number;
}

/**
 * The last invalidation of a step that stands behind the last wait, where there is such a wait; of
 * a step without a wait nothing is known.
 */
function behindIn({ step }: Moment): Behind | "waits" | undefined {
  let [wait, seq] = [0, 0];
  for (const [place, fact] of step.facts.entries()) {
    if (fact.type === "WaitCompleted") [wait, seq] = [factSeq(step, place), 0];
    else if (isForgetting(fact)) seq = factSeq(step, place);
  }
  if (wait === 0) return undefined;
  return seq === 0 ? "waits" : { seq, wait };
}

function noteBehind({ seq, wait }: Behind, guest: number, note: Note): void {
  const waited = `the wait at ${eventText(wait)} completes before the invalidation at`;
  note({
    rule: "wait-before-work",
    at: wait,
    guest,
    text: `${waited} ${eventText(seq)}, which is behind it, and nothing waits for that`,
    evidence: [
      { at: wait, text: "the wait completes" },
      { at: seq, text: "the invalidation is executed" },
    ],
  });
}

/** Follows one guest. */
export function startQueue(): QueueCheck {
  const halts: Halt[] = [];
  const behind: Behind[] = [];
  let open: Behind | undefined;
  let fetched: bigint | undefined;
  return {
    follow: (moment) => {
      const { step } = moment;
      let isBusy = false;
      for (const [place, fact] of step.facts.entries()) {
        const last = halts.at(-1);
        const seq = factSeq(step, place);
        if (fact.type === "DescriptorFetched") fetched = fact.descriptor;
        else if (fact.type === "DescriptorCompleted") isBusy = true;
        else if (fact.type === "QueueHalted") {
          halts.push({ seq, fact, descriptor: fetched, cleared: 0, resumed: 0 });
        } else if (fact.type === "QueueErrorCleared" && last !== undefined) last.cleared ||= seq;
        else if (fact.type === "QueueResumed" && last !== undefined) last.resumed ||= seq;
      }
      if (!isBusy) return;
      const found = behindIn(moment);
      // A batch of its own that waits for nothing new may wait for what came before.
      if (open !== undefined && (found !== "waits" || moment.step.facts.some(isForgetting))) {
        behind.push(open);
      }
      open = found === "waits" ? undefined : found;
    },
    open: (guest, note) => {
      for (const halt of halts) noteHalt(halt, guest, note);
      for (const one of open === undefined ? behind : [...behind, open]) {
        noteBehind(one, guest, note);
      }
    },
  };
}
