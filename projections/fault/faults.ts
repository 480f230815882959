import type { SourceId } from "../../events/address.ts";
import { FaultRecord } from "../../events/fault/fault-record.ts";
import type { Profile } from "../../events/profile/profile.ts";
import { Fsts } from "../../events/registers/event-line.ts";
import type { FaultRecordingState } from "../../machines/fault/fault-recording.ts";
import { faultRecording } from "../../machines/fault/fault-recording.ts";
import type { PageRequests } from "../page-request/page-requests.ts";
import { hasOverflow } from "../page-request/page-requests.ts";
import type { Queue } from "../queue/queue.ts";
import { anyError } from "../queue/queue.ts";

/** One fault recording register that is in use. */
export interface FaultEntry {
  readonly source: SourceId;
  readonly reason: number;
  readonly page: bigint;
  /** T1; no page request is a read. */
  readonly read: boolean;
  readonly pasid: number | undefined;
  readonly privileged: boolean;
  readonly execute: boolean;
  /** What the request was, unless it was an untranslated one. */
  readonly request: "translation" | "translated" | "page" | undefined;
}

/** The fault recording registers. */
export interface Faults {
  readonly state: FaultRecordingState;
  /** One slot a register; empty where F is clear. */
  readonly records: readonly (FaultEntry | undefined)[];
  /** The register that the next fault takes. */
  readonly next: number;
  /** The register that set PPF, while some record is pending: FSTS.FRI. */
  readonly first?: number | undefined;
}

export const noFaults = (count: number): Faults => ({
  state: faultRecording.initial,
  records: new Array<undefined>(count).fill(undefined),
  next: 0,
});

/** The records of a unit that neither translates nor remaps interrupts: the next is the first. */
export const atRest = (faults: Faults): Faults =>
  faults.next === 0 ? faults : { ...faults, next: 0 };

/** PPF: some record has F set. Once there was an overflow the chart does not tell. */
const isPending = ({ state, records }: Faults): boolean =>
  state === "overflowed" ? records.some((record) => record !== undefined) : state === "pending";

/** Whether FSTS shows any condition that raises the fault event. */
export const anyCondition = (owner: Owner): boolean =>
  owner.faults.state !== "empty" || anyError(owner.queue) || isPageOverflow(owner);

interface Owner {
  readonly faults: Faults;
  readonly queue: Queue;
  readonly pageRequests: PageRequests;
  readonly profile: Pick<Profile, "ecs">;
}

/** FSTS.PRO: the overflow of the page-request queue, of units of version 2.x; later PRS has it. */
const isPageOverflow = ({ profile, pageRequests }: Owner): boolean =>
  profile.ecs && hasOverflow(pageRequests);

/**
 * FSTS as software reads it. FRI is the record that set PPF, also once that one is cleared.
 *
 * Reading: with none pending, FRI reads as 0.
 */
export function faultStatus(owner: Owner): bigint {
  const { faults, queue } = owner;
  const { records, next, state, first } = faults;
  const order = records.map((_, index) => (next + index) % records.length);
  const oldest = order.find((index) => records[index] !== undefined);
  return Fsts.encode({
    pfo: state === "overflowed",
    ppf: isPending(faults),
    iqe: queue.errors.IQE,
    ice: queue.errors.ICE,
    ite: queue.errors.ITE,
    pro: isPageOverflow(owner),
    fri: (oldest === undefined ? undefined : (first ?? oldest)) ?? 0,
  });
}

/** Records as registers, each encoded once. */
const encoded = new WeakMap<FaultEntry, bigint>();

/** A fault record as software reads it. */
export function faultRecordValue({ records }: Faults, index: number): bigint {
  const record = records[index];
  if (record === undefined) return 0n;
  const known = encoded.get(record);
  if (known !== undefined) return known;
  const value = encodeRecord(record);
  encoded.set(record, value);
  return value;
}

/** AT is of reads and writes alone. */
const addressTypes = { ...FaultRecord.fields.at.names, page: 0 } as const;

const encodeRecord = (record: FaultEntry): bigint =>
  FaultRecord.encode({
    fi: record.page,
    sid: record.source,
    fr: record.reason,
    priv: record.privileged,
    exe: record.execute,
    pp: record.pasid !== undefined,
    pv: record.pasid ?? 0,
    at: addressTypes[record.request ?? "page"],
    t1: record.read,
    t2: record.request === "page",
    f: true,
  });
