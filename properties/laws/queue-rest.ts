import { hex } from "../../events/address.ts";
import type { Input, InputOf } from "../../events/input.ts";
import type { Count, Law } from "./law.ts";
import type { RegisterSight } from "./register-sight.ts";
import { onceFor, registersOf, wordAt } from "./register-sight.ts";
import type { Moment } from "./run.ts";
import { guestIndex, momentsOf } from "./run.ts";

/** The queue as software sees it: GSTS.QIES, the errors of FSTS that halt it, IQH and IQT. */
const sightOf = onceFor((guest) => {
  const isEnabled = ((wordAt(guest, 0x1c, 4) >> 26n) & 1n) === 1n;
  const errors = wordAt(guest, 0x34, 4) & 0x50n;
  const [head, tail] = [wordAt(guest, 0x80, 8) & 0x7fff0n, wordAt(guest, 0x88, 8) & 0x7fff0n];
  return { isEnabled, errors, head, tail };
});

/** Facts that a queue tells while it works. */
const works: ReadonlySet<string> = new Set(["DescriptorFetched", "WaitCompleted"]);

/** Why a queue must not work as it does, or nothing. */
function checkWork(guest: RegisterSight, count: Count): string | undefined {
  const { isEnabled, errors } = sightOf(guest);
  count("works");
  if (!isEnabled) return "it works while it is disabled";
  return errors === 0n ? undefined : `it works while FSTS shows ${hex(errors)}`;
}

/** Why a queue must not rest where it does, or nothing. */
function checkRest(guest: RegisterSight, unanswered: number, count: Count): string | undefined {
  const { isEnabled, errors, head, tail } = sightOf(guest);
  if (!isEnabled) return undefined;
  if (errors !== 0n) count("at an error");
  else if (head === tail) count("at the tail");
  else if (unanswered > 0) count("at a wait");
  else return `it rests at ${hex(head)}, and the tail is at ${hex(tail)}`;
  return undefined;
}

/** Whether a write to GCMD turned a queue off that was not at its tail. */
function checkOff(
  input: Input,
  was: RegisterSight,
  now: RegisterSight,
  count: Count,
): string | undefined {
  if (input.type !== "RegisterWrite" || !commandsOff(input)) return undefined;
  const { isEnabled, head, tail } = sightOf(was);
  if (!isEnabled) return undefined;
  count(head === tail ? "off at the tail" : "off too early");
  if (sightOf(now).isEnabled || head === tail) return undefined;
  return `it is turned off at ${hex(head)}, and the tail is at ${hex(tail)}`;
}

/** Whether a write has GCMD.QIE clear: bit 2 of its last byte. */
function commandsOff({ offset, size, value }: InputOf<"RegisterWrite">): boolean {
  const lane = 0x1b - offset;
  return lane >= 0 && lane < size && ((value >> BigInt(8 * lane + 2)) & 1n) === 0n;
}

function check({ fact, step, read, now, isLast }: Moment, count: Count): string | undefined {
  if (read === undefined || now === undefined) return undefined;
  if (fact !== undefined && works.has(fact.type)) {
    const text = checkWork(read.was, count);
    if (text !== undefined) return text;
  }
  const start = step.before.guests[guestIndex(step.input)];
  if (!isLast || start === undefined) return undefined;
  const off = checkOff(step.input, registersOf(start), read.now, count);
  return off ?? checkRest(read.now, now.queue.unanswered.length, count);
}

export const queueGoesOn: Law = {
  id: "QU2",
  says:
    "An enabled queue rests at its tail, at an IQE or ITE that stands, or at a wait for devices " +
    "that owe answers, and nowhere else; while IQE or ITE stands it does not work, and only at " +
    "its tail it is turned off.",
  sometimes: [
    ...["works", "at the tail", "at an error", "at a wait"],
    ...["off at the tail", "off too early"],
  ],
  check(run, count) {
    for (const moment of momentsOf(run)) {
      const text = check(moment, count);
      if (text !== undefined) return { law: "QU2", seq: moment.seq, text: `the queue: ${text}` };
    }
    return undefined;
  },
};
