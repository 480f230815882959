import { formatSourceId, gpa, iova } from "../../events/address.ts";
import { parseJson } from "../../events/json.ts";
import { encodeEvent } from "../../events/log/log.ts";
import type { Handle } from "../../history/query/handle.ts";
import { formatHandle, parseHandle } from "../../history/query/handle.ts";
import type { NumberedEvent } from "../../history/timeline/seek.ts";
import { eventAt } from "../../history/timeline/seek.ts";
import type { Timeline } from "../../history/timeline/timeline.ts";
import { devicesOf } from "../../projections/device/devices.ts";
import type { PageHandle } from "../argument.ts";
import { parseDevice, parseIova, parsePasid } from "../argument.ts";
import { renderEvent } from "../render/event.ts";
import type { Said, Session } from "./session.ts";
import { VerbError } from "./session.ts";

export type EntryHandle = Extract<Handle, { kind: "entry" }>;

/** The number of the event that a word names: `12`, `event:12`, `+3`, `start`, a bookmark. */
export function eventNamed(session: Session, word: string): number {
  const { timeline, at, bookmarks } = session;
  const last = timeline.end.seq;
  const handle = parseHandle(word);
  const number = ((): number | undefined => {
    if (word === "start") return 0;
    if (word === "end") return last;
    if (/^\d{1,15}$/.test(word)) return Number(word);
    if (/^[+-]\d{1,15}$/.test(word)) return at + Number(word);
    if (handle?.kind === "event" || handle?.kind === "finding") return handle.seq;
    return bookmarks.find(({ name }) => name === word)?.at;
  })();
  if (number === undefined) {
    throw new VerbError(
      `${word}: no event; say its number, event:12, +3, start, end or a bookmark`,
    );
  }
  if (number >= 0 && number <= last) return number;
  throw new VerbError(`there is no event ${number.toString()}; the last one is ${last.toString()}`);
}

/** The page that words name: a handle, or a device, an address, and a PASID if there is one. */
export function pageNamed(words: readonly string[]): PageHandle {
  const [first = "", address, pasid] = words;
  const handle = parseHandle(first);
  if (handle?.kind === "page") return handle;
  if (address === undefined) {
    throw new VerbError("say which page: 00:04.0 0x1806000, or page:0/00:04.0/0x1806000");
  }
  const at = parseIova(address);
  return {
    kind: "page",
    guest: 0,
    device: parseDevice(first),
    pasid: pasid === undefined ? undefined : parsePasid(pasid),
    iova: iova(at - (at % 4096n)),
  };
}

/** The word of guest memory that words name: a handle, or an address. */
export function entryNamed(word: string | undefined): EntryHandle {
  const handle = parseHandle(word ?? "");
  if (handle?.kind === "entry") return handle;
  if (word === undefined) throw new VerbError("say which word: 0x1f3d000, or entry:0/0x1f3d000");
  return { kind: "entry", guest: 0, gpa: gpa(parseIova(word)) };
}

/** An event as a line of a log, as an object; `null` before the first one. */
export function eventJson(timeline: Timeline, seq: number): unknown {
  const found = eventAt(timeline, seq);
  return found === undefined ? null : parseJson(encodeEvent(loggedOf(found)));
}

const loggedOf = ({ seq, cause, event }: NumberedEvent): Parameters<typeof encodeEvent>[0] =>
  (seq === cause ? { seq, input: event } : { seq, cause, fact: event }) as Parameters<
    typeof encodeEvent
  >[0];

/** One line of an event. */
export function eventText({ terminal, timeline }: Session, seq: number): string {
  const found = eventAt(timeline, seq);
  if (found === undefined) return "       0  the start\n";
  const { cause, event } = found;
  return renderEvent(terminal, seq, cause === seq ? undefined : cause, event);
}

/** Where one is. */
export const here = (session: Session): Said => ({
  data: {
    at: formatHandle({ kind: "event", seq: session.at }),
    last: session.timeline.end.seq,
    event: eventJson(session.timeline, session.at),
  },
  text: eventText(session, session.at),
});

/** Handles of the devices that a log has at its end. */
export const devicePrefixes = ({ timeline }: Session): readonly string[] =>
  timeline.end.guests.flatMap((guest, index) =>
    devicesOf(guest).map(({ source }) => `page:${index.toString()}/${formatSourceId(source)}/`),
  );
