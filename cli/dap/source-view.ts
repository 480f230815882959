import { basename } from "node:path";
import type { DebugProtocol } from "@vscode/debugprotocol";
import pc from "picocolors";
import { eventText } from "../session/place.ts";
import type { Session } from "../session/session.ts";
import { VerbError } from "../session/session.ts";

/** Events of one source: a log of millions is many. */
const sourceEvents = 1000;

const plain = pc.createColors(false);

/** The source that an event stands in, and its line, from 1. */
export const placeIn = (seq: number): { readonly reference: number; readonly line: number } => ({
  reference: Math.floor(Math.max(0, seq - 1) / sourceEvents) + 1,
  line: seq === 0 ? 1 : ((seq - 1) % sourceEvents) + 2,
});

const firstOf = (reference: number): number => (reference - 1) * sourceEvents + 1;

/** The event that a line of a source is; the first line is a title. */
export function eventOfLine({ timeline }: Session, reference: number, line: number): number {
  const seq = line <= 1 && reference === 1 ? 0 : firstOf(reference) + Math.max(0, line - 2);
  const isIn = Number.isSafeInteger(seq) && line <= sourceEvents + 1 && reference >= 1;
  if (isIn && seq <= timeline.end.seq) return seq;
  throw new VerbError(`line ${line.toString()} is no event`);
}

/** A part of the log as an editor names it. */
export function sourceOf({ file, timeline }: Session, reference: number): DebugProtocol.Source {
  const [first, last] = [firstOf(reference), firstOf(reference + 1) - 1];
  const end = Math.min(last, timeline.end.seq);
  const name = `${basename(file)} ${first.toString()}-${end.toString()}`;
  return { name, sourceReference: reference, origin: "log" };
}

/** All parts of the log. */
export function sourcesOf(session: Session): readonly DebugProtocol.Source[] {
  const count = placeIn(session.timeline.end.seq).reference;
  return Array.from({ length: count }, (_, index) => sourceOf(session, index + 1));
}

/** The text of a part: a title, then an event a line. */
export function sourceText(session: Session, reference: number): string {
  const last = placeIn(session.timeline.end.seq).reference;
  if (!Number.isSafeInteger(reference) || reference < 1 || reference > last) {
    throw new VerbError("there is no such part of the log");
  }
  const uncoloured = { ...session, terminal: { ...session.terminal, colours: plain } };
  const end = Math.min(firstOf(reference + 1) - 1, session.timeline.end.seq);
  let text = `${session.file}, an event a line; this one is the start\n`;
  for (let seq = firstOf(reference); seq <= end; seq++) text += eventText(uncoloured, seq);
  return text;
}
