import { FaultRecord } from "../../events/fault/fault-record.ts";
import { masksOf } from "../../events/layout/layout.ts";
import type { Profile } from "../../events/profile/profile.ts";
import { Gsts } from "../../events/registers/command.ts";
import { Ics } from "../../events/registers/event-line.ts";
import { at, faultRecordIndex } from "../../events/registers/offset.ts";
import { Pmen } from "../../events/registers/protected-memory.ts";
import type { RegisterMap, RegisterSpec } from "../../events/registers/register.ts";
import { registerMap } from "../../events/registers/register.ts";
import { faultStatus } from "../fault/faults.ts";
import type { Guest } from "../guest.ts";
import { pageRequestStatus } from "../page-request/page-requests.ts";
import { queueErrorRecord } from "../queue/queue.ts";
import type { Registers } from "./register-file.ts";
import { registerFile, stored } from "./register-file.ts";

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

type FilledRecord = NonNullable<Guest["faults"]["records"][number]>;

/** Records as registers, each encoded once. */
const encoded = new WeakMap<FilledRecord, bigint>();

function faultRecordValue(guest: Guest, index: number): bigint {
  const record = guest.faults.records[index];
  if (record === undefined) return 0n;
  const known = encoded.get(record);
  if (known !== undefined) return known;
  const value = encodeRecord(record);
  encoded.set(record, value);
  return value;
}

const encodeRecord = (record: FilledRecord): bigint =>
  FaultRecord.encode({
    fi: record.page,
    sid: record.source,
    fr: record.reason,
    priv: record.privileged,
    exe: record.execute,
    pp: record.pasid !== undefined,
    pv: record.pasid ?? 0,
    at: record.request === undefined ? 0 : FaultRecord.fields.at.names[record.request],
    t: record.read,
    f: true,
  });

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
  return record === undefined ? kept : faultRecordValue(guest, record);
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
