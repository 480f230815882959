import { formatHandle } from "../../history/query/handle.ts";
import type { ReadyStop } from "../../history/stop/stop.ts";
import { continueTo, readyStop } from "../../history/stop/stop.ts";
import type { Stride } from "../../history/timeline/cursor.ts";
import { stepBack, stepForward } from "../../history/timeline/cursor.ts";
import { eventNamed, here } from "./place.ts";
import type { Said, Session, Verb } from "./session.ts";
import { VerbError } from "./session.ts";
import { stopText } from "./stop-verbs.ts";

const mostSteps = 1_000_000;

/** How often a step is taken: once, or as often as a word says. */
function timesOf(word: string | undefined): number {
  if (word === undefined) return 1;
  const times = /^\d{1,7}$/.test(word) ? Number(word) : 0;
  if (times < 1 || times > mostSteps) throw new VerbError(`${word}: how often? 1 to a million`);
  return times;
}

const stepping =
  (direction: "forward" | "back", stride: Stride): Verb["run"] =>
  (session, [word]) => {
    const step = direction === "forward" ? stepForward : stepBack;
    const before = session.at;
    for (let times = timesOf(word); times > 0; times--) {
      const next = step(session.timeline, session.at, stride);
      if (next === session.at) break;
      session.at = next;
    }
    return session.at === before ? atTheEdge(session, direction) : here(session);
  };

function atTheEdge(session: Session, direction: "forward" | "back"): Said {
  const text = direction === "forward" ? "the log ends here" : "this is the start";
  return { data: { ...here(session).data, edge: text }, text: `${text}\n` };
}

/** What continuing is to stop at: an expression, or all stops that are set. */
function wanted({ timeline, stops }: Session, where: string): readonly ReadyStop[] {
  if (where !== "") return [readyStop(timeline, { watch: { on: "where", where } })];
  return stops.map(({ ready }) => ready);
}

const continuing =
  (direction: "forward" | "back"): Verb["run"] =>
  (session, _words, rest) => {
    const { timeline, at } = session;
    const found = continueTo(timeline, wanted(session, rest), at, direction);
    if (found === undefined) {
      // Who continues with an expression and finds none stays.
      if (rest !== "")
        throw new VerbError(`no such event ${direction === "back" ? "before" : "after"}`);
      session.at = direction === "forward" ? timeline.end.seq : 0;
      const edge = atTheEdge(session, direction);
      return { data: edge.data, text: `${edge.text}${here(session).text}` };
    }
    session.at = found.seq;
    const by = session.stops.filter(({ ready }) => found.by.includes(ready));
    const names = by.map(({ number, ready }) => `stop ${number.toString()}: ${stopText(ready)}\n`);
    return {
      data: { ...here(session).data, stops: by.map(({ number }) => number) },
      text: `${names.join("")}${here(session).text}`,
    };
  };

const places = ({ bookmarks }: Session): readonly string[] => [
  "start",
  "end",
  ...bookmarks.map(({ name }) => name),
];

/** Verbs that go somewhere. */
export const moveVerbs: readonly Verb[] = [
  {
    name: "step",
    also: ["s"],
    usage: "[times]",
    summary: "go one event on",
    run: stepping("forward", "event"),
  },
  {
    name: "back",
    also: ["b"],
    usage: "[times]",
    summary: "go one event back",
    run: stepping("back", "event"),
  },
  {
    name: "next",
    also: ["n"],
    usage: "[times]",
    summary: "go on over an input and all that follows from it",
    run: stepping("forward", "input"),
  },
  {
    name: "previous",
    also: ["p"],
    usage: "[times]",
    summary: "go back over an input and all that followed from it",
    run: stepping("back", "input"),
  },
  {
    name: "continue",
    also: ["c"],
    usage: "[expression]",
    summary: "go on to the next stop, or to the next event of which an expression is so",
    run: continuing("forward"),
  },
  {
    name: "reverse",
    also: ["rc"],
    usage: "[expression]",
    summary: "the same, backwards",
    run: continuing("back"),
  },
  {
    name: "goto",
    also: ["g"],
    usage: "event",
    summary: "go to a number, event:12, finding:SH1/12, +3, -3, start, end or a bookmark",
    run: (session, [word = ""]) => {
      session.at = eventNamed(session, word);
      return here(session);
    },
    complete: places,
  },
  {
    name: "where",
    also: ["w"],
    usage: "",
    summary: "say where one is",
    run: (session) => {
      const { file, at, timeline, branch } = session;
      const name = branch === undefined ? file : `${file}, edits: ${branch.edits.length}`;
      const last = timeline.end.seq;
      const said = here(session);
      return {
        data: { ...said.data, file, edits: branch?.edits.length ?? 0 },
        text: `${name}: ${formatHandle({ kind: "event", seq: at })} of ${last}\n${said.text}`,
      };
    },
  },
];
