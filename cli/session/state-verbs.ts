import { hex } from "../../events/address.ts";
import { changesBetween } from "../../history/changes.ts";
import type { QueuePlace } from "../../history/query/queue-view.ts";
import { queueOf, queuePlaces } from "../../history/query/queue-view.ts";
import type { GuestSummary } from "../../history/summary.ts";
import { summarise } from "../../history/summary.ts";
import { worldAt } from "../../history/timeline/seek.ts";
import type { Guest } from "../../projections/guest.ts";
import { renderChanges, renderGuest } from "../render/state.ts";
import { renderTable } from "../render/table.ts";
import { countOf, shownRows } from "./look-verbs.ts";
import { eventNamed } from "./place.ts";
import type { Said, Session, Verb } from "./session.ts";
import { VerbError } from "./session.ts";

function guestsAt({ timeline, at }: Session): readonly Guest[] {
  return worldAt(timeline, at)?.guests ?? [];
}

/** One table of a guest, or its values where there is no such table. */
function part({ values, tables }: GuestSummary, name: string | undefined): GuestSummary {
  if (name === undefined) return { values, tables: {} };
  const found = Object.keys(tables).find((one) => one.toLowerCase() === name.toLowerCase());
  if (found === undefined) {
    throw new VerbError(`${name}: no such table; there are ${Object.keys(tables).join(", ")}`);
  }
  return { values: {}, tables: { [found]: tables[found] ?? {} } };
}

function state(session: Session, [table, rows]: readonly string[]): Said {
  const limit = countOf(rows, shownRows);
  const summaries = guestsAt(session).map(summarise);
  const parts = summaries.map((one) => part(one, table));
  const texts = parts.map((one, index) => {
    const counts = Object.entries(summaries[index]?.tables ?? {}).map(
      ([name, of]) => `${name} ${Object.keys(of).length.toString()}`,
    );
    const more = table === undefined ? `tables: ${counts.join(", ")}\n` : "";
    return `${renderGuest(session.terminal, index, one, limit)}${more}`;
  });
  const guests = parts.map(({ values, tables }, guest) => ({ guest, ...values, ...tables }));
  return { data: { at: session.at, guests }, text: texts.join("\n") };
}

const tableNames = (session: Session): readonly string[] =>
  guestsAt(session)
    .slice(0, 1)
    .flatMap((guest) => Object.keys(summarise(guest).tables));

/** What differs: by the last event, since another event, or between two. */
function difference(session: Session, [one, other]: readonly string[]): Said {
  const from = one === undefined ? session.at - 1 : eventNamed(session, one);
  const to = other === undefined ? session.at : eventNamed(session, other);
  const [before, after] = [Math.max(0, from), to].map((seq) => worldAt(session.timeline, seq));
  const changes = before && after ? changesBetween(before, after) : [];
  const shown = changes.map((change) => {
    return { ...change, from: change.from ?? null, to: change.to ?? null };
  });
  return {
    data: { from: Math.max(0, from), to, changes: shown },
    text: renderChanges(session.terminal, changes, shownRows * 2),
  };
}

const queueRow = (place: QueuePlace): readonly string[] => [
  [...(place.isHead ? ["head"] : []), ...(place.isTail ? ["tail"] : [])].join(" "),
  place.isWaiting ? "waits" : "",
  hex(place.offset),
  hex(place.gpa),
  place.word === 0n ? "0" : place.text,
];

/** The queue around its head. */
function queue(session: Session, [guest = "0"]: readonly string[]): Said {
  const found = guestsAt(session)[Number(guest)];
  if (found === undefined) throw new VerbError(`there is no guest ${guest}`);
  const view = queueOf(found);
  const count = Math.min(view.bytes / view.step, shownRows);
  const places = queuePlaces(found, view.head / view.step - Math.floor(count / 2), count);
  const head = ["", "", "Offset", "GPA", "Descriptor"];
  const title = `queue at ${hex(view.base)}, ${view.state}, descriptors of ${view.step * 8} bits\n`;
  return {
    data: { ...view, places },
    text: `${title}${renderTable(session.terminal, head, places.map(queueRow))}`,
  };
}

/** Verbs that show what is the case. */
export const stateVerbs: readonly Verb[] = [
  {
    name: "state",
    also: ["st"],
    usage: "[table [rows]]",
    summary: "show the state, or one of its tables",
    run: state,
    complete: (session, words) => (words.length > 1 ? [] : tableNames(session)),
  },
  {
    name: "diff",
    also: [],
    usage: "[from [to]]",
    summary: "show what the last event changed, or what changed since another",
    run: difference,
  },
  {
    name: "queue",
    also: ["q"],
    usage: "[guest]",
    summary: "show the invalidation queue around its head, taken apart",
    run: queue,
  },
];
