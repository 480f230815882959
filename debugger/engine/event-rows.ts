import { fieldsText } from "../../cli/render/event.ts";
import { printable } from "../../events/printable.ts";
import { eventNumber } from "../../history/columns/event-column.ts";
import { stepOfEvent } from "../../history/timeline/seek.ts";
import type { Timeline } from "../../history/timeline/timeline.ts";
import { findingsAt } from "../../history/timeline/timeline.ts";
import type { EventRow, LaneKind } from "../protocol.ts";
import { isBadEvent, kindOfEvent } from "./lanes.ts";

const longest = 400;

/** Text of which nobody has to fear that it is endless, or turns what stands beside it. */
export const bounded = (text: string, most = longest): string =>
  printable(text.length > most ? `${text.slice(0, most)}…` : text);

/** An event as it is listed; `undefined` where there is none. */
export function rowAt(timeline: Timeline, seq: number): EventRow | undefined {
  const step = stepOfEvent(timeline, seq);
  if (step === undefined) return undefined;
  const event = seq === step.seq ? step.input : step.facts[seq - step.seq - 1];
  if (event === undefined) return undefined;
  const number = eventNumber(event.type);
  const kind = kindOfEvent[number] as LaneKind;
  const device = kind === "device" && "device" in event ? (event.device ?? 0) : 0;
  const found = findingsAt(timeline, seq).map(({ law, text }) => `${law}: ${text}`);
  return {
    seq,
    cause: step.seq,
    type: event.type,
    kind,
    lane: `${(event.guest ?? 0).toString()}/${kind}/${device.toString()}`,
    text: bounded(fieldsText(event)),
    bad: isBadEvent[number] === true,
    findings: found.map((text) => bounded(text)),
  };
}

/** Events from a number on. */
export function rowsFrom(timeline: Timeline, from: number, count: number): readonly EventRow[] {
  const rows: EventRow[] = [];
  for (let seq = Math.max(1, from); rows.length < Math.min(count, 2000); seq++) {
    const row = rowAt(timeline, seq);
    if (row === undefined) break;
    rows.push(row);
  }
  return rows;
}

/** Some events, each by its number. */
export const rowsOf = (timeline: Timeline, seqs: readonly number[]): readonly EventRow[] =>
  seqs.slice(0, 100).flatMap((seq) => rowAt(timeline, seq) ?? []);
