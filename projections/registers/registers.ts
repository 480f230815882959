// Length: what is kept of registers, how they read and what writes and facts make of them.

import type { EventLine, Fact, FactOf } from "../../events/fact.ts";
import { masksOf } from "../../events/layout/layout.ts";
import type { Profile } from "../../events/profile/profile.ts";
import { Gsts, Rtaddr } from "../../events/registers/command.ts";
import { Fectl, Ics } from "../../events/registers/event-line.ts";
import type { RecordPlaces } from "../../events/registers/offset.ts";
import { at, lineRegisters, recordBytes } from "../../events/registers/offset.ts";
import { Pmen } from "../../events/registers/protected-memory.ts";
import type { RegisterMap, RegisterSpec } from "../../events/registers/register.ts";
import { registerMap } from "../../events/registers/register.ts";
import type { EventLineState } from "../../machines/registers/event-line.ts";
import { eventLine } from "../../machines/registers/event-line.ts";
import { protection } from "../../machines/registers/protection.ts";
import type { Evolvers } from "../evolver.ts";
import { faultRecordValue, faultStatus } from "../fault/faults.ts";
import type { Draft, Guest, Registers } from "../guest.ts";
import { moveCharts } from "../guest.ts";
import { pageRequestStatus } from "../page-request/page-requests.ts";
import { queueErrorRecord } from "../queue/queue.ts";

const fixedSlots = 64;

/** The slot of the register at an offset. */
const slotOf = (offset: number): number =>
  offset < fixedSlots * 4 ? offset >> 2 : fixedSlots + ((offset >> 3) & 1);

/** Registers with the values of a reset. */
export function registerFile(
  resets: readonly { readonly offset: number; readonly reset: bigint }[],
): Registers {
  const values = new Array<bigint>(fixedSlots + 2).fill(0n);
  for (const { offset, reset } of resets) values[slotOf(offset)] = reset;
  return values;
}

/** What is stored for the register at an offset. */
export const stored = (owner: { readonly registers: Registers }, offset: number): bigint =>
  owner.registers[slotOf(offset)] as bigint;

/** The registers with one value replaced. */
export function withValue(registers: Registers, offset: number, value: bigint): Registers {
  const next = registers.slice();
  next[slotOf(offset)] = value;
  return next;
}

const maps = new WeakMap<Profile, RegisterMap>();

/** The registers that a unit with these capabilities has. */
export function registersOf(profile: Profile): RegisterMap {
  const known = maps.get(profile);
  if (known !== undefined) return known;
  const made = registerMap(profile);
  maps.set(profile, made);
  return made;
}

/** Every register's value after a reset. Fault records are views and take no room here. */
export const resetRegisters = (profile: Profile): Registers =>
  registerFile(registersOf(profile).specs.filter((spec) => spec.bytes < 16));

const when = (has: boolean, bits: bigint): bigint => (has ? bits : 0n);

const { tes, rtps, qies, ires, irtps, cfis } = masksOf(Gsts);
const [protects, waitDone] = [Pmen.mask("prs"), Ics.mask("iwc")];

/** GSTS: the states of the charts. */
export function globalStatus(guest: Guest): bigint {
  const { translation, remapping } = guest.charts;
  return (
    when(translation === "enabled", tes) |
    when(translation !== "noPointer", rtps) |
    when(guest.queue.state !== "disabled", qies) |
    when(remapping === "enabled", ires) |
    when(remapping !== "noTable", irtps) |
    when(guest.compatibilityInterrupts, cfis)
  );
}

/** The number of the fault record that a byte belongs to, or `undefined`. */
export const faultRecordIndex = ({ fro, nfr }: RecordPlaces, offset: number): number | undefined =>
  offset < fro || offset >= fro + nfr * recordBytes
    ? undefined
    : Math.floor((offset - fro) / recordBytes);

/**
 * What is kept of a register, whether software may read it or not: the whole register, at its own
 * width.
 */
export function registerValue(guest: Guest, offset: number): bigint {
  const kept = stored(guest, offset);
  switch (offset) {
    case at.gsts:
      return globalStatus(guest);
    case at.fsts:
      return faultStatus(guest);
    case at.pmen:
      return kept | when(guest.charts.protection === "enabled", protects);
    case at.iqh:
      return BigInt(guest.queue.head);
    case at.ics:
      return when(guest.queue.waitDone, waitDone);
    case at.prs:
      return pageRequestStatus(guest.pageRequests, guest.profile.ecs);
    case at.iqercd:
      return queueErrorRecord(guest.queue);
    default:
      break;
  }
  const record = faultRecordIndex(guest.profile, offset);
  return record === undefined ? kept : faultRecordValue(guest.faults, record);
}

/** A part of an access that lies in one register. */
export interface RegisterPart {
  readonly spec: RegisterSpec;
  /** Bytes before the part, in the access and in the register, and of the part itself. */
  readonly before: number;
  readonly skip: number;
  readonly count: number;
}

/**
 * The registers that `size` bytes at `offset` touch, in order of offset; bytes of none are left
 * out.
 */
export function partsOf(profile: Profile, offset: number, size: number): readonly RegisterPart[] {
  const map = registersOf(profile);
  const parts: RegisterPart[] = [];
  for (let byte = 0; byte < size; ) {
    const spec = map.at(offset + byte);
    if (spec === undefined) {
      byte += 1;
      continue;
    }
    const skip = offset + byte - spec.offset;
    const count = Math.min(size - byte, spec.bytes - skip);
    parts.push({ spec, before: byte, skip, count });
    byte += count;
  }
  return parts;
}

/** What a read of `size` bytes at `offset` gives: byte by byte; bytes of no register are 0. */
export function readBytes(guest: Guest, offset: number, size: number): bigint {
  const all = registersOf(guest.profile).at(offset);
  if (all?.offset === offset && all.bytes === size) {
    return all.writeOnly ? 0n : registerValue(guest, offset) & ~all.unread;
  }
  let value = 0n;
  for (const { spec, before, skip, count } of partsOf(guest.profile, offset, size)) {
    const whole = spec.writeOnly ? 0n : registerValue(guest, spec.offset) & ~spec.unread;
    const part = BigInt.asUintN(count * 8, whole >> BigInt(skip * 8));
    value |= part << BigInt(before * 8);
  }
  return value;
}

const { ttm } = Rtaddr.fields;
const ttmMask = Rtaddr.mask("ttm");

/** The translation table mode that the latched root pointer says. */
export const tableModeOf = ({ rootPointer }: Pick<Guest, "rootPointer">): number =>
  Number(rootPointer & ttmMask) >>> ttm.lsb;

/**
 * What a register holds after a write.
 *
 * @param old    what it held, `spec.bytes` bytes.
 * @param value  the bytes written, at their place in the register.
 * @param lanes  ones in every bit of every byte that was written.
 */
export function registerWrite(
  spec: RegisterSpec,
  old: bigint,
  value: bigint,
  lanes: bigint,
): bigint {
  const writable = spec.writable & lanes;
  const written = (old & ~writable) | (value & writable);
  if (spec.w1s === 0n && spec.w1c === 0n) return written;
  const set = spec.w1s & lanes & value;
  const cleared = spec.w1c & lanes & value;
  return (written | set) & ~cleared;
}

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
