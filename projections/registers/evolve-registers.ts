import type { Fact } from "../../events/fact.ts";
import { protection } from "../../machines/registers/protection.ts";
import type { Evolvers } from "../evolver.ts";
import type { Guest } from "../guest.ts";
import { copyGuest, inState } from "../guest.ts";
import type { EventFact } from "./event-lines.ts";
import { registersAfterEvent, registersAfterWrite } from "./event-lines.ts";

function withRegisters(guest: Guest, registers: Guest["registers"]): Guest {
  const next = copyGuest(guest);
  next.registers = registers;
  return next;
}

/** An event line's chart moves. */
const lineMoved = (guest: Guest, fact: EventFact): Guest =>
  withRegisters(guest, registersAfterEvent(guest, fact));

const protectionMoved = (guest: Guest, fact: Fact): Guest =>
  inState(guest, { protection: protection.after(guest.charts.protection, fact) });

/** What facts about registers do that are kept as they are written. */
export const registerEvolvers: Evolvers = {
  RegisterSet: (guest, fact) => withRegisters(guest, registersAfterWrite(guest, fact)),
  EventPended: lineMoved,
  EventUnpended: lineMoved,
  EventSent: lineMoved,
  ProtectedMemoryEnabled: protectionMoved,
  ProtectedMemoryDisabled: protectionMoved,
};
