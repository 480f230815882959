import { hex } from "../events/address.ts";
import type { InputOf } from "../events/input.ts";
import type { Step } from "../history/step.ts";
import { deviceAt } from "../projections/device/devices.ts";
import { possible } from "./oracle/any-sight.ts";
import type { Answer } from "./oracle/compose.ts";
import { sameAnswer } from "./oracle/compose.ts";
import type { Oracle, World } from "./oracle/oracle.ts";

/** What may become of a DMA by what the unit sees of memory. */
export interface LateDma {
  /** Each answer once, the first that of a unit which sees nothing that waits. */
  readonly answers: readonly Answer[];
  /** GPAs of the words of 64 bits that it reads and need not see yet. */
  readonly waiting: readonly bigint[];
}

/** Asks what a DMA may come to, before the oracle has observed its step. */
export function lateDma(oracle: Oracle, { input, facts, before }: Step): LateDma | undefined {
  if (input.type !== "Dma" || input.translated === true) return undefined;
  const { guest = 0, device, iova, pasid, privileged, execute } = input;
  // Of one whose direction nobody recorded the fold has chosen it.
  const [told] = facts.flatMap((fact) =>
    fact.type === "DmaTranslated" || fact.type === "DmaBlocked" ? (fact.access ?? []) : [],
  );
  const access = input.access ?? told ?? "read";
  const sid = deviceAt(before.guests[guest], device)?.requester ?? device;
  const { answers, waiting } = possible(oracle, guest, sid, iova, { pasid, privileged, execute });
  const each: Answer[] = [];
  for (const { [access]: answer } of answers) {
    if (!each.some((other) => sameAnswer(answer, other))) each.push(answer);
  }
  return waiting.length === 0 ? undefined : { answers: each, waiting };
}

/** Whether one of the answers is what was recorded beside a DMA. */
export function isAnswered({ answers }: LateDma, { observed = {} }: InputOf<"Dma">): boolean {
  const { gpa, reason } = observed;
  return answers.some(({ guest }) => {
    if (gpa === undefined) return "fault" in guest && guest.fault === reason;
    return "gpa" in guest && guest.gpa >> 12n === gpa >> 12n;
  });
}

/** Words that a finding names. */
const shownWords = 3;

/** Where a word waits: not written back yet, or in the write buffer. */
function waitsIn({ memory }: World, at: bigint): string {
  const posted = memory.posted.get(Number(at >> 12n));
  const isPosted = posted?.lines.has(Number((at & 0xfffn) >> 6n)) === true;
  return isPosted ? "in the write buffer" : "not written back";
}

/** What a DMA shows that somebody forgot; nothing where it becomes the same, whatever is seen. */
export function findingOf(oracle: Oracle, step: Step, late: LateDma): string | undefined {
  const world = oracle.worlds[("guest" in step.input ? step.input.guest : undefined) ?? 0];
  if (world === undefined || late.answers.length < 2) return undefined;
  const words = late.waiting.slice(0, shownWords).map((at) => `${hex(at)} (${waitsIn(world, at)})`);
  const rest = late.waiting.length - words.length;
  if (rest > 0) words.push(`${rest.toString()} more`);
  return `what becomes of it depends on whether the unit sees ${words.join(", ")} already`;
}
