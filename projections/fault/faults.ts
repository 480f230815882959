import { produce } from "immer";
import type { SourceId } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";

/** One fault recording register that is in use. */
export interface FaultEntry {
  readonly source: SourceId;
  readonly reason: number;
  readonly page: bigint;
  readonly read: boolean;
  readonly pasid: number | undefined;
  readonly privileged: boolean;
  readonly execute: boolean;
  /** What the request was, unless it was an untranslated one. */
  readonly request: "translation" | "translated" | undefined;
}

/** The fault recording registers and the status that goes with them. */
export interface Faults {
  /** One slot a register; empty where F is clear. */
  readonly records: readonly (FaultEntry | undefined)[];
  /** The register that the next fault takes. */
  readonly next: number;
  readonly overflow: boolean;
  /** Errors of the invalidation queue. */
  readonly iqe: boolean;
  readonly ice: boolean;
  readonly ite: boolean;
  /** IQERCD: why, and for which source-id. */
  readonly iqei: number;
  readonly iceSource: number;
  readonly iteSource: number;
  /** Invalidation wait completed (ICS.IWC). */
  readonly waitDone: boolean;
}

export const noFaults = (count: number): Faults => ({
  records: new Array<undefined>(count).fill(undefined),
  next: 0,
  overflow: false,
  iqe: false,
  ice: false,
  ite: false,
  iqei: 0,
  iceSource: 0,
  iteSource: 0,
  waitDone: false,
});

/** Whether FSTS shows any condition that raises the fault event. */
export const anyCondition = (faults: Faults): boolean =>
  faults.overflow || faults.iqe || faults.ice || faults.ite || anyRecord(faults);

/** PPF: some record has F set. */
export const anyRecord = (faults: Faults): boolean =>
  faults.records.some((record) => record !== undefined);

/** FSTS as software reads it. FRI is the first record in the order of recording. */
export function faultStatus(faults: Faults): bigint {
  const count = faults.records.length;
  const order = faults.records.map((_, index) => (faults.next + index) % count);
  const first = order.find((index) => faults.records[index] !== undefined) ?? 0;
  const bits =
    (faults.overflow ? 1 : 0) |
    (anyRecord(faults) ? 2 : 0) |
    (faults.iqe ? 0x10 : 0) |
    (faults.ice ? 0x20 : 0) |
    (faults.ite ? 0x40 : 0);
  return BigInt(bits | (anyRecord(faults) ? first << 8 : 0));
}

/** IQERCD as software reads it. */
export const queueErrorRecord = (faults: Faults): bigint =>
  BigInt(faults.iqei) | (BigInt(faults.iteSource) << 32n) | (BigInt(faults.iceSource) << 48n);

/** The faults once one was recorded. */
export const faultRecorded = (faults: Faults, fact: FactOf<"FaultRecorded">): Faults =>
  produce(faults, (draft) => {
    const { index, source, reason, page, access, pasid, request } = fact;
    const [privileged, execute] = [fact.privileged === true, fact.execute === true];
    const read = access === "read";
    draft.records[index] = { source, reason, page, read, pasid, privileged, execute, request };
    draft.next = (index + 1) % draft.records.length;
  });

/** The faults once software cleared the F bit of one. */
export const faultCleared = (faults: Faults, fact: FactOf<"FaultCleared">): Faults =>
  produce(faults, (draft) => {
    draft.records[fact.index] = undefined;
  });

/** The faults once the invalidation queue halted. */
export const queueHalted = (faults: Faults, fact: FactOf<"QueueHalted">): Faults =>
  produce(faults, (draft) => {
    const source = fact.source ?? 0;
    switch (fact.error) {
      case "IQE":
        draft.iqe = true;
        draft.iqei = fact.iqei;
        break;
      case "ICE":
        draft.ice = true;
        draft.iceSource = source;
        break;
      case "ITE":
        draft.ite = true;
        draft.iteSource = source;
    }
  });

/** The faults once software cleared an error of the queue. */
export const queueErrorCleared = (faults: Faults, error: "IQE" | "ICE" | "ITE"): Faults =>
  produce(faults, (draft) => {
    if (error === "IQE") draft.iqe = false;
    else if (error === "ICE") draft.ice = false;
    else draft.ite = false;
  });
