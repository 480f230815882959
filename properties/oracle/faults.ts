import { unqualified } from "./compose.ts";

/** One fault record: whether software has yet to clear it, and whose fault it holds. */
export interface FaultSlot {
  readonly pending: boolean;
  readonly sid: number;
}

/** The fault records, FSTS, and the index of the record that the next fault goes to. */
export interface FaultState {
  readonly slots: readonly FaultSlot[];
  readonly fsts: number;
  readonly next: number;
}

export interface FaultToReport {
  readonly sid: number;
  readonly reason: number;
  /** FPD of an entry on the way that governs the request. */
  readonly fpd: boolean;
}

/**
 * What becomes of a fault; `event` when a fault event is generated (pended, and sent unless it is
 * masked).
 */
export interface FaultExpectation {
  readonly kind: "suppressed" | "dropped" | "collapsed" | "overflowed" | "recorded";
  readonly state: FaultState;
  readonly event: boolean;
}

const pfo = 1 << 0;
const ppf = 1 << 1;
/** PFO, PPF, AFO, APF, IQE, ICE, ITE, PRO. */
const conditions = 0xff;

/**
 * What must become of a fault. In order: FPD suppresses a qualified one; while PFO is set all are
 * dropped; one of a source-id that has a record already collapses into it; a next record that is in
 * use sets PFO; else it is recorded. FRI is the record that set PPF. No event while
 * any condition of FSTS was set already.
 */
export function expectedFault(state: FaultState, fault: FaultToReport): FaultExpectation {
  const { slots, fsts, next } = state;
  const qualified = !unqualified.includes(fault.reason);
  if (fault.fpd && qualified) return { kind: "suppressed", state, event: false };
  if ((fsts & pfo) !== 0) return { kind: "dropped", state, event: false };
  if (slots.some((slot) => slot.pending && slot.sid === fault.sid)) {
    return { kind: "collapsed", state, event: false };
  }
  const event = (fsts & conditions) === 0;
  if (slots[next]?.pending === true) {
    return { kind: "overflowed", state: { ...state, fsts: fsts | pfo }, event };
  }
  const after = slots.map((slot, at) => (at === next ? { pending: true, sid: fault.sid } : slot));
  const first = (fsts & ppf) !== 0 ? (fsts >> 8) & 0xff : next;
  return {
    kind: "recorded",
    state: {
      slots: after,
      fsts: (fsts & 0xff) | ppf | (first << 8),
      next: (next + 1) % slots.length,
    },
    event,
  };
}

/**
 * FSTS and records after software writes 1 to F of one record. FRI stays where the first fault was
 * recorded until PPF is set anew.
 */
export function afterClear(state: FaultState, index: number): FaultState {
  const slots = state.slots.map((slot, at) => (at === index ? { ...slot, pending: false } : slot));
  const pending = slots.some((slot) => slot.pending);
  return { ...state, slots, fsts: pending ? state.fsts : state.fsts & ~ppf };
}
