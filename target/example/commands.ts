import { at, recordCount, writable } from "./registers.ts";
import type { Unit } from "./unit.ts";

/** Bits of GCMD, and of GSTS. */
export const enable = 0x8000_0000;
const [latchRoot, queueOn] = [0x4000_0000, 0x0400_0000];

/** A write to GCMD. */
function command(unit: Unit, value: number): void {
  const { registers, iotlb, queue, events } = unit;
  const { get, set, get64 } = registers;
  const turned = (bit: number): boolean => ((value ^ get(at.gsts)) & bit) !== 0;
  if ((value & latchRoot) !== 0) {
    unit.root = get64(at.rtaddr) & ~0xfffn;
    set(at.gsts, get(at.gsts) | latchRoot);
  }
  const isRooted = (get(at.gsts) & latchRoot) !== 0;
  if (turned(enable) && (isRooted || (value & enable) === 0)) {
    set(at.gsts, get(at.gsts) ^ enable);
    iotlb.invalidate(1, 0, 0n, 0);
    if ((value & enable) === 0) events.rest();
  }
  if (!turned(queueOn)) return;
  const isDone = (value & queueOn) !== 0 || queue.disable();
  if (isDone) set(at.gsts, get(at.gsts) ^ queueOn);
  if ((value & queueOn) === 0) return;
  queue.enable();
  queue.run();
}

const isAsked = (value: number): boolean => (value & 0x8000_0000) !== 0;

/** The upper half of CCMD: contexts are not remembered, so that only the answer matters. */
function invalidateContexts({ registers, queue }: Unit, value: number): void {
  const granularity = (value >>> 29) & 3;
  const done = queue.isOn() ? 0 : granularity << 27;
  const shown = isAsked(value) ? done : registers.get(at.ccmd + 4) & 0x1800_0000;
  registers.set(at.ccmd + 4, (value & 0x6000_0000) | shown);
}

/** The upper half of IOTLB. */
function invalidateIotlb({ registers, queue, iotlb, iva }: Unit, value: number): void {
  const granularity = (value >>> 28) & 3;
  const mask = Number(iva & 0x3fn);
  const isRight = !queue.isOn() && granularity !== 0 && (granularity < 3 || mask <= 18);
  const isDone = isAsked(value) && isRight;
  if (isDone) iotlb.invalidate(granularity, value & 0xffff, iva & ~0xfffn, mask);
  const before = isAsked(value) ? 0 : registers.get(at.iotlb + 4) & 0x0600_0000;
  const shown = isDone ? granularity << 25 : before;
  registers.set(at.iotlb + 4, (value & 0x3003_ffff) | shown);
}

/** A write to FSTS: what was halted by an error goes on once that is clear. */
function clearStatus({ registers, events, queue, hasBug }: Unit, value: number): void {
  const wasHalted = (registers.get(at.fsts) & 0x70) !== 0;
  events.writeStatus(value);
  if (wasHalted && !hasBug(10)) queue.run();
}

function clearCompletion({ registers, events }: Unit): void {
  registers.set(at.ics, 0);
  events.withdraw(at.iectl);
}

/** Writes 32 bits to a register; those of a wider one come one after the other. */
export function writeRegister(unit: Unit, offset: number, value: number): void {
  const { registers, events, queue } = unit;
  const { set } = registers;
  const mask = writable.get(offset);
  const record = (offset - at.records) / 16;
  const low = BigInt(value);
  if (mask !== undefined) set(offset, value & mask);
  else if (offset === at.gcmd) command(unit, value);
  else if (offset === at.iva) unit.iva = (unit.iva & ~0xffff_ffffn) | (low & 0xffff_f07fn);
  else if (offset === at.iva + 4) unit.iva = (unit.iva & 0xffff_ffffn) | (low << 32n);
  else if (offset === at.ccmd) set(offset, value & 0xffff);
  else if (offset === at.ccmd + 4) invalidateContexts(unit, value);
  else if (offset === at.iotlb + 4) invalidateIotlb(unit, value);
  else if (offset === at.fectl || offset === at.iectl) events.writeControl(offset, value);
  else if (offset === at.ics && (value & 1) !== 0) clearCompletion(unit);
  else if (offset === at.iqa && !queue.isOn()) set(offset, value & 0xffff_f807);
  else if (offset === at.iqa + 4 && !queue.isOn()) set(offset, value);
  else if (offset === at.fsts) clearStatus(unit, value);
  else if (offset === at.iqt) {
    set(offset, value & 0x7_fff0);
    queue.run();
  } else if (record >= 0 && record < recordCount && offset % 16 === 12) {
    events.writeRecord(Math.floor(record), value);
  }
}
