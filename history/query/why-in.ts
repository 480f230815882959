import { translate } from "../../hypervisor/translate/translate.ts";
import type { World } from "../../projections/world.ts";
import type { Explanation } from "../explanation.ts";
import type { Meeting, Search, Weigh } from "../moment.ts";
import { followSearch, startSearch } from "../moment.ts";
import type { PathEntry } from "../path-entry.ts";
import type { Question } from "../question.ts";
import { askedOf, pageAsked } from "../question.ts";
import type { Step } from "../step.ts";
import { stepUntil } from "../step.ts";
import type { Long } from "../timeline/bit-by-bit.ts";
import { atOnce } from "../timeline/bit-by-bit.ts";
import { stepAt, worldAt } from "../timeline/seek.ts";
import type { Timeline } from "../timeline/timeline.ts";
import { pathOf } from "../walk-path.ts";
import type { Inquiry } from "../why.ts";
import { startInquiry, weighWhy } from "../why.ts";
import { lateWritesIn } from "./late-writes-in.ts";
import type { Places } from "./relevant-steps.ts";
import { stepsOfAnnouncements, stepsOfMoment, stepsOfTrail } from "./relevant-steps.ts";

/** The step of a place, as far as an event. */
function stepTo(timeline: Timeline, place: number, until: number): Step | undefined {
  const step = stepAt(timeline, place);
  return step && stepUntil(step, until);
}

/** What was found of the DMA that a question is about, and the world at the end of the search. */
export interface FoundMoment {
  readonly search: Search;
  readonly end: World;
}

/** The walk that a search leads to reads these entries. */
function entriesOf(search: Search, world: World): readonly PathEntry[] {
  const { question } = search;
  const meeting = question.at === undefined ? search.meeting : undefined;
  const access = meeting?.use.access ?? question.access ?? "read";
  const iova = meeting?.iova ?? question.iova;
  const asked = askedOf(question, access, meeting?.use);
  const walk = translate(world, question.guest ?? 0, question.device, iova, asked);
  return pathOf(walk, iova);
}

/** What is known of late writes to the entries of a walk in a world, put into a search. */
function withLate(
  timeline: Timeline,
  search: Search,
  { world, before }: Pick<Meeting, "world" | "before">,
): Search["late"] {
  const addresses = entriesOf(search, world).map(({ address }) => address);
  return lateWritesIn(timeline, before, search.question.guest ?? 0, addresses);
}

/**
 * Looks in a timeline for the DMA that a question is about: what following every step finds, from
 * those alone that matter.
 *
 * @returns `undefined` when there is no event of the question's number.
 */
export function findMomentIn(
  timeline: Timeline,
  question: Question,
  weigh: Weigh,
): FoundMoment | undefined {
  const until = question.at ?? timeline.end.seq;
  const end = worldAt(timeline, until);
  if (end === undefined) return undefined;
  let search = startSearch(question, weigh);
  for (const place of stepsOfMoment(timeline, pageAsked(question), until)) {
    const step = stepTo(timeline, place, until);
    if (step !== undefined) search = followSearch(search, step);
  }
  const { meeting } = search;
  const late = withLate(timeline, { ...search, meeting: undefined }, { world: end, before: end });
  if (meeting === undefined) return { search: { ...search, late }, end };
  const met = { ...meeting, late: withLate(timeline, search, meeting) };
  return { search: { ...search, late, meeting: met }, end };
}

/** Follows the steps that matter, in order; and announcements while something is unannounced. */
function* followAll(
  timeline: Timeline,
  inquiry: Inquiry,
  places: Places,
  announcements: Places,
): Long<void> {
  const until = inquiry.until ?? 0;
  const follow = (place: number): void => {
    const step = stepTo(timeline, place, until);
    if (step !== undefined) inquiry.follow(step);
  };
  const isOpen = (): boolean => {
    const told = inquiry.answer();
    const entries = told.kind === "dma" ? told.trail.entries : [];
    return entries.some(({ writes }) => writes.some(({ announced }) => announced === undefined));
  };
  let next = 0;
  for (const [index, place] of places.entries()) {
    follow(place);
    yield;
    const end = places[index + 1] ?? Number.POSITIVE_INFINITY;
    while ((announcements[next] ?? Number.POSITIVE_INFINITY) <= place) next += 1;
    for (; (announcements[next] ?? end) < end && isOpen(); next++) {
      follow(announcements[next] as number);
      yield;
    }
  }
}

/**
 * Tells why a DMA went where it went, as `why` does, from a timeline: it folds again only the parts
 * around the steps that say something about it.
 *
 * @returns `undefined` when there is no event of the question's number.
 */
export function whyIn(timeline: Timeline, question: Question): Explanation | undefined {
  return atOnce(tellWhy(timeline, question));
}

/** The same, bit by bit. */
export function* tellWhy(timeline: Timeline, question: Question): Long<Explanation | undefined> {
  const found = findMomentIn(timeline, question, weighWhy);
  return found && (yield* explaining(timeline, found));
}

/** The world that is explained: the one that the DMA met, or the end of the search. */
export const worldExplained = ({ search, end }: FoundMoment): World =>
  (search.question.at === undefined ? search.meeting?.world : undefined) ?? end;

/** The explanation of a moment that was found with the weights of `why`. */
export const explainIn = (timeline: Timeline, found: FoundMoment): Explanation =>
  atOnce(explaining(timeline, found));

/** The same, bit by bit: much may have to be looked at for one. */
export function* explaining(timeline: Timeline, { search, end }: FoundMoment): Long<Explanation> {
  const inquiry = startInquiry(search, end);
  const told = inquiry.answer();
  if (inquiry.until === undefined || told.kind !== "dma") return told;
  const { place } = told.trail;
  const places = yield* stepsOfTrail(timeline, place, place.entries, inquiry.until);
  yield* followAll(timeline, inquiry, places, stepsOfAnnouncements(timeline, inquiry.until));
  return inquiry.answer();
}
