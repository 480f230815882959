import { hex } from "../../events/address.ts";
import type { Input, InputOf } from "../../events/input.ts";
import type { Guest } from "../../projections/guest.ts";
import { readBytes } from "../../projections/registers/registers.ts";
import type { Count, Law } from "./law.ts";
import type { Moment } from "./run.ts";
import { guestIndex, momentsOf } from "./run.ts";

/** The queue as software sees it: GSTS.QIES, the errors of FSTS that halt it, IQH and IQT. */
function sightOf(guest: Guest) {
  const isEnabled = ((readBytes(guest, 0x1c, 4) >> 26n) & 1n) === 1n;
  const errors = readBytes(guest, 0x34, 4) & 0x50n;
  const [head, tail] = [0x80, 0x88].map((offset) => readBytes(guest, offset, 8) & 0x7fff0n);
  return { isEnabled, errors, head: head ?? 0n, tail: tail ?? 0n };
}

/** Facts that a queue tells while it works. */
const works: ReadonlySet<string> = new Set(["DescriptorFetched", "WaitCompleted"]);

/** Why a queue must not work as it does, or nothing. */
function checkWork(guest: Guest, count: Count): string | undefined {
  const { isEnabled, errors } = sightOf(guest);
  count("works");
  if (!isEnabled) return "it works while it is disabled";
  return errors === 0n ? undefined : `it works while FSTS shows ${hex(errors)}`;
}

/** Why a queue must not rest where it does, or nothing. */
function checkRest(guest: Guest, count: Count): string | undefined {
  const { isEnabled, errors, head, tail } = sightOf(guest);
  if (!isEnabled) return undefined;
  if (errors !== 0n) count("at an error");
  else if (head === tail) count("at the tail");
  else if (guest.queue.unanswered.length > 0) count("at a wait");
  else return `it rests at ${hex(head)}, and the tail is at ${hex(tail)}`;
  return undefined;
}

/** Whether a write to GCMD turned a queue off that was not at its tail. */
function checkOff(input: Input, was: Guest, now: Guest, count: Count): string | undefined {
  if (input.type !== "RegisterWrite") return undefined;
  const { isEnabled, head, tail } = sightOf(was);
  const asksOff = commandsOff(input);
  if (!isEnabled || !asksOff) return undefined;
  count(head === tail ? "off at the tail" : "off too early");
  if (sightOf(now).isEnabled || head === tail) return undefined;
  return `it is turned off at ${hex(head)}, and the tail is at ${hex(tail)}`;
}

/** Whether a write has GCMD.QIE clear: bit 2 of its last byte. */
function commandsOff({ offset, size, value }: InputOf<"RegisterWrite">): boolean {
  const lane = 0x1b - offset;
  return lane >= 0 && lane < size && ((value >> BigInt(8 * lane + 2)) & 1n) === 0n;
}

const isSame = (was: Guest, now: Guest): boolean =>
  was.registers === now.registers && was.queue === now.queue;

function check({ fact, step, seq, before, after }: Moment, count: Count): string | undefined {
  const index = guestIndex(step.input);
  const [was, now] = [before.guests[index], after.guests[index]];
  if (was === undefined || now === undefined) return undefined;
  if (fact !== undefined && works.has(fact.type)) {
    const text = checkWork(was, count);
    if (text !== undefined) return text;
  }
  const start = step.before.guests[index];
  if (seq !== step.after.seq || start === undefined) return undefined;
  const off = checkOff(step.input, start, now, count);
  if (off !== undefined || isSame(start, now)) return off;
  return checkRest(now, count);
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
