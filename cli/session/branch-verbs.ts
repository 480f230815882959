import { withBookmark, withoutBookmark } from "../../history/query/bookmark.ts";
import { formatHandle } from "../../history/query/handle.ts";
import { readyStop } from "../../history/stop/stop.ts";
import { worldAt } from "../../history/timeline/seek.ts";
import { branchOf } from "../../history/what-if/branch.ts";
import type { Edit } from "../../history/what-if/edit.ts";
import { EditError } from "../../history/what-if/edit.ts";
import type { InvalidationScope } from "../../history/what-if/invalidation.ts";
import { invalidationInputs, invalidationScopes } from "../../history/what-if/invalidation.ts";
import { reportOfBranch } from "../../history/what-if/report.ts";
import { parseInput } from "../edit-option.ts";
import { renderRunReport, runReportJson } from "../render/run-report.ts";
import { devicePrefixes, eventNamed, here, pageNamed } from "./place.ts";
import type { Said, Session, Verb } from "./session.ts";
import { VerbError } from "./session.ts";

const shownRows = 10;

/** The edits of an invalidation before the file's event where one is. */
function invalidation(session: Session, before: number, words: readonly string[]): Edit[] {
  const scope: InvalidationScope | undefined = invalidationScopes.find((one) => one === words[0]);
  if (scope === undefined) throw new VerbError(`say how much: ${invalidationScopes.join(", ")}`);
  const world = worldAt(session.base, before - 1);
  if (world === undefined) throw new EditError(`there is no event ${before.toString()}`);
  const named = words.length > 1 ? pageNamed(words.slice(1)) : undefined;
  const { guest = 0, device, iova } = named ?? {};
  const asked = {
    guest,
    scope,
    ...(device === undefined ? {} : { device }),
    ...(iova === undefined ? {} : { iova }),
  };
  return invalidationInputs(world, asked).map((input) => ({ kind: "insert", before, input }));
}

/** One more edit of the file; its events keep the numbers that they have there. */
function editsOf(session: Session, words: readonly string[], rest: string): readonly Edit[] {
  const [kind = "", first, second] = words;
  const at =
    first === undefined ? session.at : eventNamed({ ...session, timeline: session.base }, first);
  const line = /^\S+\s+\S+\s+(.*)$/s.exec(rest)?.[1] ?? "";
  switch (kind) {
    case "remove":
      return [{ kind, at }];
    case "insert":
      return [{ kind, before: at, input: parseInput(line) }];
    case "change":
      return [{ kind, at, input: parseInput(line) }];
    case "move":
      if (second === undefined) throw new VerbError("say before which event");
      return [{ kind, at, before: eventNamed({ ...session, timeline: session.base }, second) }];
    case "invalidate":
      return invalidation(session, at, words.slice(2));
    default:
      throw new VerbError("say what: remove, insert, change, move, invalidate, or reset");
  }
}

/** Goes on in another timeline, at the same number as far as it goes. */
function enter(session: Session, timeline: Session["timeline"], branch: Session["branch"]): void {
  session.stops = session.stops.map(({ number, ready }) => {
    return { number, ready: readyStop(timeline, ready.stop) };
  });
  session.timeline = timeline;
  session.branch = branch;
  session.at = Math.min(session.at, timeline.end.seq);
}

function whatIf(session: Session, words: readonly string[], rest: string): Said {
  if (words[0] === "reset") {
    enter(session, session.base, undefined);
    return here(session);
  }
  const edits = [...(session.branch?.edits ?? []), ...editsOf(session, words, rest)];
  const branch = branchOf(session.base, "what if", edits);
  enter(session, branch.timeline, branch);
  const report = reportOfBranch(branch);
  const view = { left: "as it was", right: "what if", limit: shownRows };
  return { data: runReportJson(report), text: renderRunReport(session.terminal, report, view) };
}

function note(session: Session, [name, ...words]: readonly string[]): Said {
  if (name === undefined || !/^[A-Za-z]\w*$/.test(name)) {
    throw new VerbError("say what the place is called: a word");
  }
  const { at, bookmarks } = session;
  const isGone = words[0] === "delete";
  session.bookmarks = isGone
    ? withoutBookmark(bookmarks, name)
    : withBookmark(bookmarks, { name, at, about: undefined, note: words.join(" ") });
  return marks(session);
}

function marks({ bookmarks }: Session): Said {
  const lines = bookmarks.map(({ name, at, note: text }) => `${name}: event ${at}  ${text}\n`);
  const data = bookmarks.map(({ name, at, note: text }) => {
    return { name, at: formatHandle({ kind: "event", seq: at }), note: text };
  });
  return {
    data: { bookmarks: data },
    text: bookmarks.length === 0 ? "no bookmarks\n" : lines.join(""),
  };
}

/** Verbs that ask what would have been, and that remember places. */
export const branchVerbs: readonly Verb[] = [
  {
    name: "what-if",
    also: ["wi"],
    usage: "remove|insert|change|move|invalidate EVENT ... | reset",
    summary: "do an input of the file differently, and go on in what that comes to",
    run: whatIf,
    complete: (session, words) => {
      if (words.length <= 1) return ["remove", "insert", "change", "move", "invalidate", "reset"];
      if (words[0] !== "invalidate" || words.length === 2) return [];
      return words.length === 3 ? invalidationScopes : devicePrefixes(session);
    },
  },
  {
    name: "mark",
    also: ["m"],
    usage: "NAME [note | delete]",
    summary: "remember the place by a name, for goto",
    run: note,
    complete: ({ bookmarks }) => bookmarks.map(({ name }) => name),
  },
  { name: "marks", also: [], usage: "", summary: "list what is remembered", run: marks },
];
