import type { TargetMessage } from "../implementation.ts";
import type { HasBug } from "./bugs.ts";
import type { Registers } from "./registers.ts";
import { at, recordCount } from "./registers.ts";

const masked = 0x8000_0000;
const pending = 0x4000_0000;
const [overflow, somePending] = [1, 2];
/** PFO, PPF, and the three errors of the queue. */
const conditions = 0x73;
const recorded = 0x8000_0000;

/** A request that was blocked. */
export interface Fault {
  readonly reason: number;
  readonly source: number;
  readonly address: bigint;
  readonly isRead: boolean;
  /** An entry says that it is not to be recorded. */
  readonly suppressed: boolean;
}

/** The unit's own interrupts, and fault recording, which raises one of them. */
export interface Events {
  readonly raise: (control: number) => void;
  readonly withdraw: (control: number) => void;
  readonly writeControl: (control: number, value: number) => void;
  /** Sets a bit of FSTS, and raises the fault event if it is the first one. */
  readonly setCondition: (bit: number) => void;
  readonly writeStatus: (value: number) => void;
  readonly recordFault: (fault: Fault) => void;
  readonly writeRecord: (index: number, value: number) => void;
  /** Translation is off, and the next fault takes the first record. */
  readonly rest: () => void;
}

/**
 * What sends messages for a unit.
 *
 * @param send  takes a message.
 */
export function eventsOf(
  registers: Registers,
  hasBug: HasBug,
  send: (message: TargetMessage) => void,
): Events {
  const { get, set, get64, set64 } = registers;
  let next = 0;
  const post = (control: number): void =>
    send({ address: get64(control + 8), data: get(control + 4) });
  const raise = (control: number): void => {
    if ((get(control) & masked) === 0) post(control);
    else set(control, get(control) | pending);
  };
  const withdraw = (control: number): void => set(control, get(control) & ~pending);
  const writeControl = (control: number, value: number): void => {
    const isPending = (get(control) & pending) !== 0;
    const isMasked = (value & masked) !== 0;
    set(control, isMasked ? get(control) | masked : 0);
    if (!isMasked && isPending && !hasBug(6)) post(control);
  };
  const setCondition = (bit: number): void => {
    const before = get(at.fsts);
    set(at.fsts, before | bit);
    if ((before & conditions) === 0) raise(at.fectl);
  };
  const place = (index: number): number => at.records + 16 * index;
  const isTaken = (index: number): boolean => (get(place(index) + 12) & recorded) !== 0;
  /** Records that are in use. */
  const taken = () => Array.from({ length: recordCount }, (_, index) => index).filter(isTaken);
  /** PPF follows the records; with none in use FRI is 0. */
  const follow = (): void => {
    if (taken().length > 0) return;
    set(at.fsts, get(at.fsts) & ~(somePending | 0xff00));
    if ((get(at.fsts) & conditions) === 0) withdraw(at.fectl);
  };
  const isKnown = (source: number): boolean =>
    taken().some((index) => (get(place(index) + 8) & 0xffff) === source);
  const recordFault = (fault: Fault): void => {
    if (fault.suppressed || (get(at.fsts) & overflow) !== 0 || isKnown(fault.source)) return;
    if (isTaken(next)) setCondition(overflow);
    else record(fault);
  };
  const record = ({ reason, source, address, isRead }: Fault): void => {
    const isFirst = (get(at.fsts) & conditions) === 0;
    // FRI is the record that sets PPF.
    const isOnly = (get(at.fsts) & somePending) === 0;
    if (isOnly) set(at.fsts, get(at.fsts) | somePending | (next << 8));
    set64(place(next), address & ~0xfffn);
    set(place(next) + 8, source);
    set(place(next) + 12, recorded | (isRead ? 0x4000_0000 : 0) | reason);
    next = (next + 1) % recordCount;
    if (isFirst) raise(at.fectl);
  };
  return {
    ...{ raise, withdraw, writeControl, setCondition, recordFault },
    rest: () => {
      next = 0;
    },
    writeStatus: (value) => {
      set(at.fsts, get(at.fsts) & ~(value & 0x71));
      if ((get(at.fsts) & conditions) === 0) withdraw(at.fectl);
    },
    writeRecord: (index, value) => {
      if ((value & recorded) === 0 && !hasBug(4)) return;
      set(place(index) + 12, get(place(index) + 12) & ~recorded);
      follow();
    },
  };
}
