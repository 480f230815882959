import type { EventLine, Fact, FactOf } from "../../events/fact.ts";
import { Fectl } from "../../events/registers/event-line.ts";
import { lineRegisters } from "../../events/registers/offset.ts";
import type { EventLineState } from "../../machines/registers/event-line.ts";
import { eventLine } from "../../machines/registers/event-line.ts";
import type { Registers } from "./register-file.ts";
import { stored, withValue } from "./register-file.ts";

/** The event line that a control register is of. */
export const lineAt: Readonly<Record<number, EventLine>> = {
  [lineRegisters.fault.control]: "fault",
  [lineRegisters.invalidation.control]: "invalidation",
  [lineRegisters.pageRequest.control]: "pageRequest",
};

type Owner = { readonly registers: Registers };

const [im, ip] = [Fectl.mask("im"), Fectl.mask("ip")];

/** The state of a line's chart: IM and IP of the control register are where it is kept. */
export function lineState(owner: Owner, line: EventLine): EventLineState {
  const control = stored(owner, lineRegisters[line].control);
  if ((control & im) === 0n) return "unmasked";
  return (control & ip) === 0n ? "masked" : "pending";
}

const bitsOf: Readonly<Record<EventLineState, bigint>> = {
  masked: im,
  pending: im | ip,
  unmasked: 0n,
};

/** What happened to an event. */
export type EventFact = FactOf<"EventSent"> | FactOf<"EventPended"> | FactOf<"EventUnpended">;

/** The registers with a control register's value, and IM and IP of it as the line's chart says. */
function withLine(owner: Owner, line: EventLine, fact: Fact, value: bigint): Registers {
  const state = eventLine.after(lineState(owner, line), fact);
  const { control } = lineRegisters[line];
  return withValue(owner.registers, control, (value & ~(im | ip)) | bitsOf[state]);
}

/** The registers once an event was sent, pended or withdrawn. */
export const registersAfterEvent = (owner: Owner, fact: EventFact): Registers =>
  withLine(owner, fact.line, fact, stored(owner, lineRegisters[fact.line].control));

/** The registers once software set one. */
export function registersAfterWrite(owner: Owner, fact: FactOf<"RegisterSet">): Registers {
  const line = lineAt[fact.offset];
  return line === undefined
    ? withValue(owner.registers, fact.offset, fact.value)
    : withLine(owner, line, fact, fact.value);
}
