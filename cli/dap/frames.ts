import { hex } from "../../events/address.ts";
import { queueOf } from "../../history/query/queue-view.ts";
import { eventAt, worldAt } from "../../history/timeline/seek.ts";
import type { Session } from "../session/session.ts";

/** An event as an editor shows it in a stack. */
export interface Frame {
  /** 1 for the event where one is, 2 for the input behind it. */
  readonly id: number;
  readonly seq: number;
  readonly name: string;
  /** Where the invalidation queue goes on: what is disassembled. */
  readonly instructionPointerReference: string;
}

/** Which guest an event is about. */
export function guestAt({ timeline, at }: Session): number {
  const event = eventAt(timeline, at)?.event;
  return event !== undefined && "guest" in event ? (event.guest ?? 0) : 0;
}

/** The event where one is, and the input that it follows from. */
export function framesOf(session: Session): readonly Frame[] {
  const { timeline, at } = session;
  const guest = worldAt(timeline, at)?.guests[guestAt(session)];
  const view = guest && queueOf(guest);
  const pointer = view === undefined ? "0x0" : hex(view.base + BigInt(view.head));
  const found = eventAt(timeline, at);
  const frame = (id: number, seq: number, name: string): Frame => {
    return { id, seq, name, instructionPointerReference: pointer };
  };
  if (found === undefined) return [frame(1, 0, "start")];
  const top = frame(1, at, `${at.toString()} ${found.event.type}`);
  const { cause } = found;
  if (cause === at) return [top];
  const input = eventAt(timeline, cause)?.event.type ?? "";
  return [top, frame(2, cause, `${cause.toString()} ${input}`)];
}
