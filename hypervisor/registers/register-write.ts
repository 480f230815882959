import { iova } from "../../events/address.ts";
import { masksOf } from "../../events/layout/layout.ts";
import { bitMask } from "../../events/layout/layout-field.ts";
import { Gcmd } from "../../events/registers/command.ts";
import { Fsts, Ics } from "../../events/registers/event-line.ts";
import { at } from "../../events/registers/offset.ts";
import { Pmen } from "../../events/registers/protected-memory.ts";
import type { RegisterSpec } from "../../events/registers/register.ts";
import type { TranslationStimulus } from "../../machines/context/translation.ts";
import { translation } from "../../machines/context/translation.ts";
import type { RemappingStimulus } from "../../machines/interrupt/remapping.ts";
import { remapping } from "../../machines/interrupt/remapping.ts";
import { protection } from "../../machines/registers/protection.ts";
import {
  faultRecordIndex,
  globalStatus,
  lineAt,
  partsOf,
  registersOf,
  registerValue,
  registerWrite,
  stored,
} from "../../projections/registers/registers.ts";
import { clearing, clearOverflow, clearRecord } from "../fault/fault.ts";
import { refreshAllHosts } from "../host/attach.ts";
import { clearPageOverflow, clearPageRequests } from "../page-request/page-request.ts";
import {
  invalidateContexts,
  invalidateInterrupts,
  invalidateIotlb,
  invalidatePasids,
} from "../queue/carry-out-invalidation.ts";
import {
  clearQueueError,
  disableQueue,
  enableQueue,
  kickQueue,
  writeQueueAddress,
} from "../queue/queue.ts";
import type { Turn } from "../turn.ts";
import { advance, guestIn, record } from "../turn.ts";
import { withdraw, writeControl } from "./event-line.ts";
import { writeInvalidation } from "./register-command.ts";

const stepTranslation = (turn: Turn, stimulus: TranslationStimulus): void =>
  advance(turn, translation, guestIn(turn).charts.translation, stimulus);

const stepRemapping = (turn: Turn, stimulus: RemappingStimulus): void =>
  advance(turn, remapping, guestIn(turn).charts.remapping, stimulus);

/**
 * SRTP: latches RTADDR. With translation on, what was read through the old pointer stays in use
 * until it is invalidated, unless the unit does that itself (CAP.ESRTPS).
 */
function setRootPointer(turn: Turn): void {
  const value = stored(guestIn(turn), at.rtaddr);
  stepTranslation(turn, { type: "SetRootPointer", value });
  const { charts, profile } = guestIn(turn);
  if (charts.translation !== "enabled" || !profile.esrtps) return;
  invalidateContexts(turn, { scope: "global" });
  invalidatePasids(turn, { scope: "global" });
  invalidateIotlb(turn, { type: "IotlbInvalidated", scope: "global" });
}

/**
 * TE went to 1: every context is read through the root pointer; nothing that was cached before is
 * used.
 */
function setTranslation(turn: Turn, on: boolean): void {
  const before = guestIn(turn).charts.translation;
  stepTranslation(turn, { type: on ? "Enable" : "Disable" });
  if (guestIn(turn).charts.translation === before) return;
  refreshAllHosts(turn);
  record(turn, { type: "HostIotlbFlushed", iova: iova(0n), length: 1n << 52n });
}

/** SIRTP: latches IRTA; CAP.ESIRTPS makes the unit forget what it read through the old one. */
function setInterruptTable(turn: Turn): void {
  stepRemapping(turn, { type: "SetTable", value: stored(guestIn(turn), at.irta) });
  if (!guestIn(turn).profile.esirtps) return;
  invalidateInterrupts(turn, { type: "InterruptEntriesInvalidated" });
}

/**
 * GCMD: pointers are latched first, then the bits that differ from GSTS take effect.
 *
 * Reading: of a write that leaves bytes out, the bits in those bytes ask for no change.
 */
function writeGlobalCommand(turn: Turn, value: bigint, lanes: bigint): void {
  const spec = registersOf(guestIn(turn).profile).byName.get("GCMD");
  const allowed = lanes & (spec?.writable ?? 0n);
  const asked = Gcmd.decode(value & allowed);
  const status = globalStatus(guestIn(turn));
  const changed = Gcmd.decode((value ^ status) & allowed);
  if (asked.srtp) setRootPointer(turn);
  if (asked.sirtp) setInterruptTable(turn);
  if (changed.qie) {
    if (asked.qie) enableQueue(turn);
    else disableQueue(turn);
  }
  if (changed.ire) stepRemapping(turn, { type: asked.ire ? "Enable" : "Disable" });
  if (changed.cfi) {
    const type = asked.cfi ? "CompatibilityInterruptsAllowed" : "CompatibilityInterruptsBlocked";
    record(turn, { type });
  }
  if (asked.wbf) record(turn, { type: "WriteBufferFlushed" });
  if (changed.te) setTranslation(turn, asked.te);
}

/** FSTS: writing 1 clears; the event that is pending for it goes once nothing is left. */
function writeFaultStatus(turn: Turn, written: bigint): void {
  const { pfo, iqe, ice, ite, pro } = Fsts.decode(written);
  clearing(turn, () => {
    if (pfo) clearOverflow(turn);
    if (iqe) clearQueueError(turn, "IQE");
    if (ice) clearQueueError(turn, "ICE");
    if (ite) clearQueueError(turn, "ITE");
    if (pro) clearPageOverflow(turn);
  });
  kickQueue(turn);
}

function writeCompletionStatus(turn: Turn, written: bigint): void {
  if (!Ics.decode(written).iwc || !guestIn(turn).queue.waitDone) return;
  record(turn, { type: "CompletionCleared" });
  withdraw(turn, "invalidation");
}

const { epm: enablesProtection, prs: protects } = masksOf(Pmen);

function writeProtection(turn: Turn, value: bigint): void {
  set(turn, at.pmen, value);
  const type = (value & enablesProtection) !== 0n ? "Enable" : "Disable";
  advance(turn, protection, guestIn(turn).charts.protection, { type });
}

function set(turn: Turn, offset: number, value: bigint): void {
  if (stored(guestIn(turn), offset) === value) return;
  record(turn, { type: "RegisterSet", offset, value });
}

/** Software wrote some bytes of one register: `value` and `lanes` are at their place in it. */
function writeRegister(turn: Turn, spec: RegisterSpec, value: bigint, lanes: bigint): void {
  const guest = guestIn(turn);
  const { offset } = spec;
  const written = value & lanes;
  const record = faultRecordIndex(guest.profile, offset);
  if (offset === at.gcmd) writeGlobalCommand(turn, written, lanes);
  else if (offset === at.fsts) writeFaultStatus(turn, written & spec.w1c);
  else if (offset === at.ics) writeCompletionStatus(turn, written);
  else if (offset === at.prs) clearPageRequests(turn, written & spec.w1c);
  else if (record !== undefined) {
    if ((written & spec.w1c) !== 0n) clearRecord(turn, record);
  } else {
    const next = registerWrite(spec, registerValue(guest, offset), value, lanes);
    takeEffect(turn, spec, next);
  }
}

function takeEffect(turn: Turn, spec: RegisterSpec, value: bigint): void {
  const { offset, name } = spec;
  const line = lineAt[offset];
  if (spec.writable === 0n) return;
  if (name === "CCMD" || name === "IOTLB") writeInvalidation(turn, spec, value);
  else if (line !== undefined) writeControl(turn, line, value);
  else if (offset === at.iqa) writeQueueAddress(turn, value);
  else if (offset === at.pmen) writeProtection(turn, value & ~protects);
  else {
    set(turn, offset, value);
    if (offset === at.iqt) kickQueue(turn);
  }
}

/** Every bit of registers of up to 16 bytes. */
const allLanes: readonly bigint[] = Array.from({ length: 17 }, (_, bytes) =>
  bitMask(bytes * 8 - 1, 0),
);

/**
 * Software writes 1 to 8 bytes at any offset of the register page. Bytes of several registers write
 * each of them, in order of offset; bytes of none are ignored.
 */
export function writeRegisters(turn: Turn, offset: number, size: number, value: bigint): void {
  const whole = registersOf(guestIn(turn).profile).at(offset);
  if (whole?.offset === offset && whole.bytes === size) {
    writeRegister(turn, whole, BigInt.asUintN(size * 8, value), allLanes[size] as bigint);
    return;
  }
  const parts = partsOf(guestIn(turn).profile, offset, size);
  for (const { spec, before, skip, count } of parts) {
    const part = BigInt.asUintN(count * 8, value >> BigInt(before * 8));
    const lanes = ((1n << BigInt(count * 8)) - 1n) << BigInt(skip * 8);
    writeRegister(turn, spec, part << BigInt(skip * 8), lanes);
  }
}
