import { lastWrite } from "../../cli/render/last-write.ts";
import { tellStory } from "../../cli/render/story.ts";
import { hex } from "../../events/address.ts";
import type { DmaExplanation } from "../../history/explanation.ts";
import { momentOfDma } from "../../history/query/moment-of-dma.ts";
import { explaining, tellWhy } from "../../history/query/why-in.ts";
import type { Long } from "../../history/timeline/bit-by-bit.ts";
import { stepOfEvent } from "../../history/timeline/seek.ts";
import type { Timeline } from "../../history/timeline/timeline.ts";
import { isInvalidationFact } from "../../history/what-if/invalidation-edit.ts";
import type { PageAsked, Piece, StoryView, WhatIfOffer } from "../protocol.ts";
import { bounded } from "./event-rows.ts";
import { askedOf, questionOf } from "./page-asked.ts";

const named = /(\bevents? )(\d+)( to )?(\d+)?/g;

/** A sentence whose numbers of events lead to them. */
export function pieces(sentence: string): readonly Piece[] {
  const text = bounded(sentence, 4000);
  const found: Piece[] = [];
  let done = 0;
  for (const match of text.matchAll(named)) {
    const [whole, word = "", first = "", to = "", second] = match;
    if (match.index > done) found.push({ text: text.slice(done, match.index) });
    found.push({ text: `${word}${first}`, seq: Number(first) });
    if (second !== undefined) {
      found.push({ text: to }, { text: second, seq: Number(second) });
    } else if (to !== "") found.push({ text: to });
    done = match.index + whole.length;
  }
  if (done < text.length) found.push({ text: text.slice(done) });
  return found;
}

/** What the command line is told to do is a link here. */
const forPages = (sentence: string): string =>
  sentence.replace(/^--at (\d+) explains the state before that\.$/, "Before that: event $1.");

function inputOf(timeline: Timeline, seq: number): number {
  return stepOfEvent(timeline, seq)?.seq ?? seq;
}

function isSent(timeline: Timeline, seq: number): boolean {
  const step = stepOfEvent(timeline, seq);
  const fact = step?.facts[seq - step.seq - 1];
  return fact !== undefined && isInvalidationFact(fact.type);
}

/** What one may ask of another run, where one write and its invalidation have decided. */
function offersOf(
  timeline: Timeline,
  asked: PageAsked,
  write: number | undefined,
  announced: number | undefined,
): readonly WhatIfOffer[] {
  const offers: WhatIfOffer[] = [];
  if (announced !== undefined && isSent(timeline, announced)) {
    offers.push({
      text: `the invalidation at event ${announced.toString()} had not been sent`,
      edits: [{ kind: "unsent", fact: announced }],
    });
  }
  if (write !== undefined) {
    const at = inputOf(timeline, write);
    offers.push({
      text: `the write at event ${write.toString()} had not happened`,
      edits: [{ kind: "remove", at }],
    });
    if (announced === undefined) {
      offers.push({
        text: `the guest had invalidated right after event ${write.toString()}`,
        edits: [{ kind: "invalidated", after: at, asked }],
      });
    }
  }
  return offers;
}

function storyOf(timeline: Timeline, told: DmaExplanation, asked: PageAsked): StoryView {
  const sentences = tellStory(told);
  const [title = "", ...rest] = sentences;
  const end = rest.findIndex((one) => one.startsWith("In short: "));
  const body = end < 0 ? rest : rest.toSpliced(end, 1);
  const short = rest[end]?.slice("In short: ".length);
  const last = lastWrite(told.trail.entries[told.decisive]);
  const [write, announced] = [last?.seq, last?.announced?.seq];
  return {
    at: told.use?.seq ?? told.at,
    title: pieces(title),
    sentences: body.map((one) => pieces(forPages(one))),
    conclusion:
      short === undefined ? undefined : pieces(`${short.charAt(0).toUpperCase()}${short.slice(1)}`),
    ...{ write, announced, asked },
    offers: offersOf(timeline, asked, write, announced),
  };
}

/** An interrupt request goes another way: what is said of it is short. */
function otherStory(at: number, text: string): StoryView {
  return {
    at,
    title: pieces(text),
    sentences: [],
    conclusion: undefined,
    write: undefined,
    announced: undefined,
    offers: [],
    asked: undefined,
  };
}

/**
 * Why the DMA at an event came to what it did; or, with a page, what would become of one after it.
 *
 * @returns `undefined` where the event is no DMA and nothing else is asked.
 * @throws AskedError
 */
export function* storyView(
  timeline: Timeline,
  at: number,
  asked: PageAsked | undefined,
): Long<StoryView | undefined> {
  if (asked !== undefined) {
    const told = yield* tellWhy(timeline, questionOf(asked, at));
    if (told === undefined) return undefined;
    if (told.kind === "dma") return storyOf(timeline, told, asked);
    return otherStory(at, "The address is in the interrupt range: no table translates it.");
  }
  const found = momentOfDma(timeline, at);
  if (found === undefined) return undefined;
  const told = yield* explaining(timeline, found);
  if (told.kind !== "dma") {
    const { address, outcome } = told.use?.interrupt ?? {};
    const where = address === undefined ? "" : ` to ${hex(address)}`;
    const what = outcome === undefined ? "" : `: ${outcome.type}`;
    return otherStory(at, `An interrupt request${where} at event ${at.toString()}${what}.`);
  }
  const { trail, request } = told;
  return storyOf(timeline, told, askedOf(trail.place, request.access, request.iova));
}
