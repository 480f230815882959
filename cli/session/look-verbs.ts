import { printable } from "../../events/printable.ts";
import { parseExpression, questionOf } from "../../history/expression/expression.ts";
import { changesIn } from "../../history/lifeline/lifeline.ts";
import { formatHandle } from "../../history/query/handle.ts";
import { answer } from "../../history/query/query.ts";
import { eventJson, eventText } from "./place.ts";
import type { Said, Session, Verb } from "./session.ts";
import { VerbError } from "./session.ts";

export const shownRows = 20;
const shownEvents = 15;
const mostFound = 1000;

/** A count that a word says. */
export function countOf(word: string | undefined, usual: number): number {
  if (word === undefined) return usual;
  if (/^\d{1,6}$/.test(word) && Number(word) > 0) return Number(word);
  throw new VerbError(`${word}: how many? A number from 1`);
}

/** The events around where one is, the current one marked. */
function list(session: Session, [word]: readonly string[]): Said {
  const count = countOf(word, shownEvents);
  const { timeline, at } = session;
  const first = Math.max(1, Math.min(at - Math.floor(count / 2), timeline.end.seq - count + 1));
  const last = Math.min(timeline.end.seq, first + count - 1);
  const seqs = Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
  const lines = seqs.map((seq) => `${seq === at ? ">" : " "}${eventText(session, seq)}`);
  return { data: { events: seqs.map((seq) => eventJson(timeline, seq)) }, text: lines.join("") };
}

/** Whether an expression is so of the event where one is. */
function isSo(session: Session, _words: readonly string[], rest: string): Said {
  const expression = parseExpression(rest);
  const question = questionOf(session.timeline, expression, changesIn(session.timeline));
  const value = question.isTrueAt(session.at);
  return { data: { at: session.at, value }, text: `${value ? "yes" : "no"}\n` };
}

function search(session: Session, _words: readonly string[], rest: string): Said {
  if (rest === "") throw new VerbError("say what is looked for: an expression");
  const { found, isWhole } = answer(session.timeline, {
    ask: "search",
    where: rest,
    most: mostFound,
  });
  const shown = found.slice(0, shownRows).map(({ seq }) => eventText(session, seq));
  const others = found.length - shown.length;
  const more = others > 0 ? `and ${others.toString()}${isWhole ? "" : " or more"}\n` : "";
  const none = found.length === 0 ? "no such event\n" : "";
  return {
    data: { found: found.map(formatHandle), isWhole },
    text: `${none}${shown.join("")}${more}`,
  };
}

function findings(session: Session): Said {
  const { all } = session.timeline.findings;
  const lines = all.slice(0, shownRows).map(({ law, seq, text }) => {
    return `finding:${law}/${seq.toString()}  ${printable(text)}\n`;
  });
  const rest = all.length - lines.length;
  const more = rest > 0 ? `and ${rest.toString()} more\n` : "";
  const named = all.map(({ law, seq, text }) => {
    return { finding: formatHandle({ kind: "finding", law, seq }), text };
  });
  return {
    data: { findings: named },
    text: all.length === 0 ? "no law was broken\n" : `${lines.join("")}${more}`,
  };
}

/** Verbs that look at events. */
export const lookVerbs: readonly Verb[] = [
  {
    name: "list",
    also: ["l", "log"],
    usage: "[events]",
    summary: "list the events around",
    run: list,
  },
  {
    name: "is",
    also: ["print"],
    usage: "expression",
    summary: "tell whether an expression is so of the event",
    run: isSo,
  },
  {
    name: "search",
    also: [],
    usage: "expression",
    summary: "find all events of which an expression is so",
    run: search,
  },
  {
    name: "findings",
    also: [],
    usage: "",
    summary: "list where laws were broken",
    run: findings,
  },
];
