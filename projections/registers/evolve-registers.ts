import type { Fact } from "../../events/fact.ts";
import { protection } from "../../machines/registers/protection.ts";
import type { Evolvers } from "../evolver.ts";
import type { Draft, Guest } from "../guest.ts";
import { moveCharts } from "../guest.ts";
import type { EventFact } from "./event-lines.ts";
import { registersAfterEvent, registersAfterWrite } from "./event-lines.ts";

/** An event line's chart moves. */
function moveLine(guest: Draft<Guest>, fact: EventFact): void {
  guest.registers = registersAfterEvent(guest, fact);
}

const moveProtection = (guest: Draft<Guest>, fact: Fact): void =>
  moveCharts(guest, { protection: protection.after(guest.charts.protection, fact) });

/** What facts about registers do that are kept as they are written. */
export const registerEvolvers: Evolvers = {
  RegisterSet: (guest, fact) => {
    guest.registers = registersAfterWrite(guest, fact);
  },
  EventPended: moveLine,
  EventUnpended: moveLine,
  EventSent: moveLine,
  ProtectedMemoryEnabled: moveProtection,
  ProtectedMemoryDisabled: moveProtection,
};
