import type { EventLine } from "../../events/fact.ts";
import { lineRegisters } from "../../events/registers/offset.ts";
import { eventLine } from "../../machines/registers/event-line.ts";
import type { Guest } from "../../projections/guest.ts";
import { lineState, stored } from "../../projections/registers/registers.ts";
import type { Turn } from "../turn.ts";
import { advance, guestIn } from "../turn.ts";

/** The message that a line sends. */
function messageOf(guest: Guest, line: EventLine) {
  const { data, low, high } = lineRegisters[line];
  const address = (stored(guest, high) << 32n) | stored(guest, low);
  return { line, address, data: Number(stored(guest, data)) };
}

/** The condition of an event arose. */
export function raise(turn: Turn, line: EventLine): void {
  const guest = guestIn(turn);
  const stimulus = { type: "Raise", ...messageOf(guest, line) } as const;
  advance(turn, eventLine, lineState(guest, line), stimulus);
}

/** The condition of an event went before it was sent. */
export function withdraw(turn: Turn, line: EventLine): void {
  const state = lineState(guestIn(turn), line);
  advance(turn, eventLine, state, { type: "Withdraw", line });
}

/** Software writes a value to a control register; unmasking sends what is pending. */
export function writeControl(turn: Turn, line: EventLine, value: bigint): void {
  const guest = guestIn(turn);
  const offset = lineRegisters[line].control;
  const stimulus = { type: "Write", ...messageOf(guest, line), offset, value } as const;
  advance(turn, eventLine, lineState(guest, line), stimulus);
}
