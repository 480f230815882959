import { produce } from "immer";
import type { SourceId } from "../../events/address.ts";
import { sourceId } from "../../events/address.ts";
import type { FactOf, QueueError } from "../../events/fact.ts";
import { frozen } from "../../events/frozen.ts";
import { Iqercd } from "../../events/registers/queue.ts";
import type { QueueState } from "../../machines/queue/queue.ts";
import { queue as chart } from "../../machines/queue/queue.ts";
import type { AskedInvalidation } from "../device/device-tlb.ts";

/** The invalidation queue between two descriptors. */
export interface Queue {
  readonly state: QueueState;
  /** Base, size and width, as latched from IQA. */
  readonly address: bigint;
  /** Byte offset of the next descriptor. */
  readonly head: number;
  readonly lastWasWait: boolean;
  /** Device-TLB invalidations sent and not answered, in the order of sending. */
  readonly unanswered: readonly AskedInvalidation[];
  /** The errors that FSTS shows. */
  readonly errors: Readonly<Record<QueueError, boolean>>;
  /** IQERCD: why, and for which source-id. */
  readonly iqei: number;
  readonly iceSource: SourceId;
  readonly iteSource: SourceId;
  /** Invalidation wait completed (ICS.IWC). */
  readonly waitDone: boolean;
}

/** The queue after a reset. */
export const noQueue: Queue = frozen({
  state: chart.initial,
  address: 0n,
  head: 0,
  lastWasWait: true,
  unanswered: [],
  errors: { IQE: false, ICE: false, ITE: false },
  iqei: 0,
  iceSource: sourceId(0),
  iteSource: sourceId(0),
  waitDone: false,
});

/** Whether the queue shows an error in FSTS. */
export const anyError = ({ errors }: Queue): boolean => errors.IQE || errors.ICE || errors.ITE;

/** IQERCD as software reads it. */
export const queueErrorRecord = ({ iqei, iteSource, iceSource }: Queue): bigint =>
  Iqercd.encode({ iqei, itesid: iteSource, icesid: iceSource });

/** The queue with an error that it halted on. A source-id is that of the first time-out. */
export const withError = (
  queue: Queue,
  { error, iqei, source = sourceId(0) }: FactOf<"QueueHalted">,
) =>
  produce(queue, (draft) => {
    if (error === "IQE") draft.iqei = iqei;
    else if (!queue.errors[error]) draft.iteSource = source;
    draft.errors[error] = true;
  });

/** The queue after an answer that was wrong. The source-id is that of the first. */
export const withWrongAnswer = (queue: Queue, { source }: FactOf<"CompletionFailed">): Queue =>
  produce(queue, (draft) => {
    if (!queue.errors.ICE) draft.iceSource = source;
    draft.errors.ICE = true;
  });

/** The queue once software cleared an error. */
export const withoutError = (queue: Queue, { error }: FactOf<"QueueErrorCleared">): Queue =>
  produce(queue, (draft) => {
    draft.errors[error] = false;
  });
