import { formatSourceId, hex } from "../../events/address.ts";
import { reasonText } from "../../events/fault/fault-text.ts";
import type { Interval } from "../../history/lifeline/lifeline.ts";
import { formatHandle } from "../../history/query/handle.ts";
import { answer } from "../../history/query/query.ts";
import { deviceAt, devicesOf } from "../../projections/device/devices.ts";
import type { PageHandle } from "../argument.ts";
import { renderWhyInterrupt, whyInterruptJson } from "../render/interrupt-request.ts";
import { renderTable } from "../render/table.ts";
import { renderWalk, walkJson } from "../render/walk.ts";
import { renderWhy, whyJson } from "../render/why.ts";
import { devicePrefixes, entryNamed, eventJson, eventText, pageNamed } from "./place.ts";
import type { Said, Session, Verb } from "./session.ts";
import { VerbError } from "./session.ts";

type Data = Said["data"];

/** The page that words name, of a device that the log has at its end or where one is. */
function pageOf({ timeline }: Session, words: readonly string[]): PageHandle {
  const page = pageNamed(words);
  const guest = timeline.end.guests[page.guest];
  if (guest === undefined) throw new VerbError(`there is no guest ${page.guest.toString()}`);
  return page;
}

function checkAssigned({ timeline }: Session, { guest, device }: PageHandle): void {
  const one = timeline.end.guests[guest];
  if (one === undefined || deviceAt(one, device) !== undefined) return;
  const names = devicesOf(one).map(({ source }) => formatSourceId(source));
  const known = names.length === 0 ? "none" : names.join(", ");
  throw new VerbError(`device ${formatSourceId(device)} is not assigned; assigned: ${known}`);
}

function translate(session: Session, words: readonly string[]): Said {
  const page = pageOf(session, words);
  checkAssigned(session, page);
  const there = answer(session.timeline, { ask: "translate", page, at: session.at });
  if (there === undefined) throw new VerbError("there is no such event");
  const view = { ...there, choice: undefined };
  return {
    data: { page: formatHandle(page), ...walkJson(view) },
    text: renderWalk(session.terminal, view),
  };
}

function why(session: Session, words: readonly string[]): Said {
  const page = pageOf(session, words);
  checkAssigned(session, page);
  const told = answer(session.timeline, { ask: "why", page, at: session.at });
  if (told === undefined) throw new VerbError("there is no such event");
  const { terminal } = session;
  const data = told.kind === "dma" ? whyJson(told) : whyInterruptJson(told);
  return {
    data: { page: formatHandle(page), ...(data as Data) },
    text: told.kind === "dma" ? renderWhy(terminal, told) : renderWhyInterrupt(terminal, told),
  };
}

const lifeText = ({ life }: Interval): string => {
  const { state, gpa, hpa, reason, pendingSince } = life;
  const parts = [
    state,
    ...(gpa === undefined ? [] : [`GPA ${hex(gpa)}`]),
    ...(hpa === undefined ? [] : [`HPA ${hex(hpa)}`]),
    ...(reason === undefined ? [] : [reasonText(reason)]),
    ...(pendingSince === undefined ? [] : [`pending since ${pendingSince.toString()}`]),
  ];
  return parts.join(", ");
};

const number = (seq: number | undefined): string => seq?.toString() ?? "";

function lifeline(session: Session, words: readonly string[]): Said {
  const page = pageOf(session, words);
  const { intervals } = answer(session.timeline, { ask: "lifeline", page });
  const head = ["From", "Until", "Translation", "Written", "Announced", "Landed", "Blocked"];
  const rows = intervals.map((one) => [
    number(one.from),
    number(one.until),
    lifeText(one),
    number(one.writer),
    number(one.announced),
    one.uses.landed,
    one.uses.blocked,
  ]);
  return {
    data: { page: formatHandle(page), intervals },
    text: renderTable(session.terminal, head, rows),
  };
}

function writer(session: Session, [word]: readonly string[]): Said {
  const entry = entryNamed(word);
  const found = answer(session.timeline, { ask: "writer", entry, at: session.at });
  return {
    data: {
      entry: formatHandle(entry),
      by: found?.by ?? null,
      event: found === undefined ? null : eventJson(session.timeline, found.seq),
    },
    text:
      found === undefined ? "nobody wrote it\n" : `${found.by}: ${eventText(session, found.seq)}`,
  };
}

function reader(session: Session, [word]: readonly string[]): Said {
  const entry = entryNamed(word);
  const { reader: found, until } = answer(session.timeline, {
    ask: "reader",
    entry,
    at: session.at,
  });
  const until_ = until < session.timeline.end.seq ? ` until event ${until.toString()}` : "";
  return {
    data: {
      entry: formatHandle(entry),
      by: found?.by ?? null,
      until,
      event: found === undefined ? null : eventJson(session.timeline, found.seq),
    },
    text:
      found === undefined
        ? `nobody reads it${until_}\n`
        : `${found.by}: ${eventText(session, found.seq)}`,
  };
}

const pages = (session: Session, words: readonly string[]): readonly string[] =>
  words.length > 1 ? [] : devicePrefixes(session);

/** Verbs about a page of a device, or a word of guest memory. */
export const pageVerbs: readonly Verb[] = [
  {
    name: "translate",
    also: ["t"],
    usage: "DEVICE IOVA [PASID]",
    summary: "walk the tables for an address of a device, all ways",
    run: translate,
    complete: pages,
  },
  {
    name: "why",
    also: [],
    usage: "DEVICE IOVA [PASID]",
    summary: "tell the chain of events behind a translation",
    run: why,
    complete: pages,
  },
  {
    name: "lifeline",
    also: ["life"],
    usage: "DEVICE IOVA [PASID]",
    summary: "tell everything that the translation of a page ever was",
    run: lifeline,
    complete: pages,
  },
  {
    name: "writer",
    also: [],
    usage: "GPA",
    summary: "tell who wrote a word of guest memory last",
    run: writer,
  },
  {
    name: "reader",
    also: [],
    usage: "GPA",
    summary: "tell who reads a word of guest memory next",
    run: reader,
  },
];
