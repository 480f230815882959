import type { Iova } from "../events/address.ts";
import type { World } from "../projections/world.ts";
import { asRecorded } from "./as-recorded.ts";
import { misledBy } from "./misled.ts";
import type { Question } from "./question.ts";
import { pageAsked } from "./question.ts";
import type { Step } from "./step.ts";
import type { LateWrites } from "./unseen.ts";
import { followLateWrites, noLateWrites } from "./unseen.ts";
import type { Use } from "./use.ts";
import { useIn } from "./use.ts";

/** A DMA to a page, and the state that it met. */
export interface Meeting {
  readonly use: Use;
  readonly iova: Iova;
  /** With those writes seen that its recorded outcome shows to have been, flushed or not. */
  readonly world: World;
  /** As the log has it. */
  readonly before: World;
  /** What the CPU had written by then without the unit's seeing it. */
  readonly late: LateWrites;
  /** Number of the last event of its step. */
  readonly until: number;
}

/** How translation was turned off at last. */
export interface TurnedOff {
  readonly seq: number;
  /** Number of the last event with translation on. */
  readonly before: number;
}

/**
 * What a DMA to the page is worth to who looks at it, more than 0 if anything.
 *
 * @param isExact   it was to the very address.
 * @param isOn      translation was on.
 * @param isMisled  whether it went elsewhere than the tables said, or was refused though they
 *   allowed it.
 */
export type Weigh = (use: Use, isExact: boolean, isOn: boolean, isMisled: () => boolean) => number;

/** What is known, after some steps, of the DMA that a question is about. */
export interface Search {
  readonly question: Question;
  readonly weigh: Weigh;
  /** Translation is off, and was turned off by this. */
  readonly off: TurnedOff | undefined;
  /** The DMA to the page that is worth most; of equals, the last one. */
  readonly meeting: Meeting | undefined;
  /** What that one is worth. */
  readonly worth: number;
  /** What the CPU has written without the unit's seeing it. */
  readonly late: LateWrites;
}

/** Nothing found yet: the state before the first event. */
export const startSearch = (question: Question, weigh: Weigh): Search => ({
  question,
  weigh,
  off: undefined,
  meeting: undefined,
  worth: 0,
  late: noLateWrites(question.guest ?? 0),
});

const isOn = (world: World, guest: number): boolean =>
  world.guests[guest]?.charts.translation === "enabled";

/** What a step did to translation: turned it off, on, or neither. */
function followOff(old: TurnedOff | undefined, step: Step, guest: number): TurnedOff | undefined {
  const [was, is] = [isOn(step.before, guest), isOn(step.after, guest)];
  if (was === is) return old;
  if (is) return undefined;
  const index = step.facts.findIndex((fact) => /^(TranslationDis|UnitWasRe)/.test(fact.type));
  return { seq: step.seq + 1 + index, before: step.before.seq };
}

/** Whether a DMA is of the kind that was asked for. */
const isMeant = ({ access, privileged, execute }: Question, use: Use): boolean =>
  (access === undefined || use.access === access) &&
  (privileged !== true || use.privileged) &&
  (execute !== true || use.execute);

/** Whether a DMA went by what the tables no longer said. */
function misleads({ before, input }: Step, { landed, blocked }: Use, index: number): boolean {
  const [guest, outcome] = [before.guests[index], landed ?? blocked];
  if (guest === undefined || outcome === undefined) return false;
  if (input.type !== "Dma" && input.type !== "DmaIssue") return false;
  return input.translated !== true && misledBy(guest, input, outcome) !== undefined;
}

/** What is known once one more step was taken. */
export function followSearch(search: Search, step: Step): Search {
  const { question, weigh } = search;
  const guest = question.guest ?? 0;
  const off = followOff(search.off, step, guest);
  const late = followLateWrites(search.late, step);
  const isKnown = off === search.off && late === search.late;
  const known = isKnown ? search : { ...search, off, late };
  const logged = useIn(pageAsked(question), step);
  if (logged === undefined || !isMeant(question, logged)) return known;
  const recorded = asRecorded(step, late);
  const told = recorded === step ? logged : useIn(pageAsked(question), recorded);
  const use = { ...(told ?? logged), report: logged.report };
  const iova = "iova" in step.input ? step.input.iova : question.iova;
  const isMisled = (): boolean => misleads(recorded, use, guest);
  const worth = weigh(use, iova === question.iova, isOn(step.before, guest), isMisled);
  if (worth === 0 || worth < search.worth) return known;
  const until = step.seq + step.facts.length;
  const { before } = step;
  const meeting = { use, iova, world: recorded.before, before, late, until };
  return { ...known, worth, meeting };
}
