// Length: one chart, with everything that it can be told.

import type { SourceId } from "../../events/address.ts";
import type { QueueError } from "../../events/fact.ts";
import { Iqa, Iqercd } from "../../events/registers/queue.ts";
import { compileChart } from "../compile-chart.ts";
import type { Given } from "../definition.ts";
import { tell, tellFact, tellOf } from "../definition.ts";

/** Where the invalidation queue is between two stimuli. */
export type QueueState = "disabled" | "idle" | "fetching" | "draining" | "halted";

/** What the chart reads of the queue. */
export interface QueueUnit {
  /** Base, size and width, as latched from IQA. */
  readonly address: bigint;
  /** Byte offset of the next descriptor. */
  readonly head: number;
  readonly lastWasWait: boolean;
  /** Device-TLB invalidations sent and not answered, in the order of sending. */
  readonly unanswered: readonly { readonly device: SourceId }[];
  /** The errors that FSTS shows. */
  readonly errors: Readonly<Record<QueueError, boolean>>;
}

interface SetAddress {
  readonly type: "SetAddress";
  /** A write to IQA: what it would hold, and what it holds. */
  readonly offset: number;
  readonly value: bigint;
  readonly was: bigint;
}
interface Enable {
  readonly type: "Enable";
  /** IQA: base, size and width. */
  readonly value: bigint;
}
/** Software asks for the end of the queue, or moved its tail, which is at a byte offset. */
interface AtTail<Type> {
  readonly type: Type;
  readonly tail: number;
}
interface Fetched {
  readonly type: "Fetched";
  /** ECAP.SMTS or ECAP.ADMS: descriptors of 256 bits exist. */
  readonly wide: boolean;
  /** The descriptor at the head, unless it cannot be read. */
  readonly descriptor: bigint | undefined;
}
interface Executed {
  readonly type: "Executed";
  readonly wait: boolean;
}
interface Refused {
  readonly type: "Refused";
  /** What is wrong with the descriptor at the head. */
  readonly iqei: number;
}
interface WrongAnswer {
  readonly type: "WrongAnswer";
  /** The device whose answer is a failure, or one that nobody waits for. */
  readonly source: SourceId;
}
interface ErrorCleared {
  readonly type: "ErrorCleared";
  readonly error: QueueError;
}

/** What happens to the invalidation queue. */
export type QueueStimulus =
  | SetAddress
  | Enable
  | AtTail<"Disable">
  | AtTail<"TailMoved">
  | AtTail<"Next">
  | Fetched
  | Executed
  | { readonly type: "MustWait" }
  | Refused
  | WrongAnswer
  | { readonly type: "Answered" }
  | { readonly type: "GivenUp" }
  | ErrorCleared;

type Told =
  | ("InputRefused" | "RegisterSet" | "QueueEnabled" | "QueueDisabled" | "QueueStarted")
  | ("QueueEmptied" | "QueueDraining" | "QueueDrained" | "QueueHalted" | "QueueResumed")
  | ("DescriptorFetched" | "DescriptorCompleted" | "WaitAborted" | "DeviceTlbsGivenUp")
  | ("QueueErrorCleared" | "CompletionFailed");

type On<Stimulus> = Given<Stimulus, QueueUnit>;
type WithTail = On<{ readonly tail: number }>;
type WithError = On<{ readonly error: QueueError }>;

/** Where an invalidation queue lies: base address, size and size of a descriptor in bytes. */
export interface QueueGeometry {
  readonly base: bigint;
  readonly bytes: number;
  readonly step: 16 | 32;
}

let last = { value: -1n, geometry: { base: 0n, bytes: 4096, step: 16 } as QueueGeometry };

/** The geometry that IQA says. The last answer is kept, since one queue is asked for again. */
export function queueGeometry(value: bigint): QueueGeometry {
  if (last.value === value) return last.geometry;
  const { qs, dw, iqa } = Iqa.decode(value);
  last = { value, geometry: { base: iqa, bytes: 4096 * 2 ** qs, step: dw ? 32 : 16 } };
  return last.geometry;
}

/** The offset after the descriptor at the head. */
function nextHead({ head, address }: QueueUnit): number {
  const { bytes, step } = queueGeometry(address);
  return (head + step) % bytes;
}

const ofSource = (source: SourceId | undefined) => (source === undefined ? {} : { source });

const iqe = (iqei: number) => tellOf("QueueHalted", { error: "IQE", iqei } as const);
const code = Iqercd.fields.iqei.names;
const halted = tell("QueueHalted", ({ event: { iqei } }: On<Refused>) => ({
  ...{ error: "IQE" as const, iqei },
}));
const answeredWrongly = tell("CompletionFailed", ({ event: { source } }: On<WrongAnswer>) => ({
  source,
}));
const timedOut = tell("QueueHalted", ({ context }: On<object>) => ({
  ...{ error: "ITE" as const, iqei: 0 },
  ...ofSource(context.unanswered[0]?.device),
}));
const completed = tellFact("DescriptorCompleted", ({ event, context }: On<Executed>) => ({
  type: "DescriptorCompleted",
  head: nextHead(context),
  wait: event.wait,
}));
const passed = tell("DescriptorCompleted", ({ context }: On<object>) => ({
  head: nextHead(context),
  wait: true,
}));
const fetched = tellFact("DescriptorFetched", ({ event, context }: On<Fetched>) => ({
  type: "DescriptorFetched",
  head: context.head,
  descriptor: event.descriptor ?? 0n,
}));
const enabled = tell("QueueEnabled", ({ event }: On<Enable>) => ({ value: event.value }));
const addressSet = tell("RegisterSet", ({ event }: On<SetAddress>) => ({
  offset: event.offset,
  value: event.value,
}));
const errorCleared = tell("QueueErrorCleared", ({ event }: On<ErrorCleared>) => ({
  error: event.error,
}));
const refusal = (why: string) => ({ actions: tellOf("InputRefused", { why }) });

/** No wait descriptor was reached yet: nothing is aborted, the head stays. */
const timeOut = {
  guard: "someOwed",
  target: "halted",
  actions: ["DeviceTlbsGivenUp", timedOut],
} as const;
const disable = [
  { guard: "mayDisable", target: "disabled", actions: "QueueDisabled" },
  refusal("the queue is disabled before its last wait was reached"),
] as const;
const wrongTail = [
  { guard: "beyondEnd", target: "halted", actions: iqe(code.tail) },
  { guard: "unaligned", target: "halted", actions: iqe(code.alignment) },
] as const;
const clearError = { guard: "isSet", actions: errorCleared } as const;

/** The errors that halt the queue. An answer that is wrong (ICE) does not. */
const halting: readonly QueueError[] = ["IQE", "ITE"];

/**
 * The invalidation queue: disabled, idle (head equals tail), fetching, draining (a wait descriptor
 * waits for device TLBs), halted by IQE or ITE, also where it is enabled while one stands. Its
 * registers are locked while it is enabled.
 *
 * Reading: a tail that is not aligned is found when the queue looks for work; QEMU and VirtualBox
 * find it when IQT is written, also while the queue is disabled.
 *
 * Reading: the head passes a wait when it completes or is aborted, not when it is fetched.
 *
 * Reading: clearing the last error bit restarts fetching without a write to the tail; Linux relies
 * on it.
 */
export const queue = compileChart<QueueState, QueueStimulus, Told, QueueUnit>()({
  id: "invalidation queue",
  initial: "disabled",
  guards: {
    changes: ({ event }: On<SetAddress>) => event.value !== event.was,
    mayDisable: ({ event, context }: WithTail) =>
      context.head === event.tail && context.lastWasWait,
    beyondEnd: ({ event, context }: WithTail) => event.tail >= queueGeometry(context.address).bytes,
    unaligned: ({ event, context }: WithTail) =>
      event.tail % queueGeometry(context.address).step !== 0,
    hasWork: ({ event, context }: WithTail) => event.tail !== context.head,
    isEmpty: ({ event, context }: WithTail) => event.tail === context.head,
    tooWide: ({ event, context }: On<Fetched>) =>
      !event.wide && queueGeometry(context.address).step === 32,
    unreadable: ({ event }: On<Fetched>) => event.descriptor === undefined,
    someOwed: ({ context }) => context.unanswered.length > 0,
    noneOwed: ({ context }) => context.unanswered.length === 0,
    anyHalting: ({ context }) => halting.some((one) => context.errors[one]),
    isSet: ({ event, context }: WithError) => context.errors[event.error],
    isLastError: ({ event: { error }, context: { errors } }: WithError) =>
      halting.includes(error) && halting.every((one) => errors[one] === (one === error)),
  },
  states: {
    disabled: {
      on: {
        SetAddress: [{ guard: "changes", actions: addressSet }, {}],
        Enable: [
          { guard: "anyHalting", target: "halted", actions: enabled },
          { target: "idle", actions: enabled },
        ],
      },
    },
    idle: {
      on: {
        TailMoved: [
          ...wrongTail,
          { guard: "hasWork", target: "fetching", actions: "QueueStarted" },
        ],
        Disable: disable,
        GivenUp: timeOut,
      },
    },
    fetching: {
      on: {
        Next: { guard: "isEmpty", target: "idle", actions: "QueueEmptied" },
        Fetched: [
          { guard: "tooWide", target: "halted", actions: iqe(code.width) },
          { guard: "unreadable", target: "halted", actions: iqe(code.fetch) },
          { actions: fetched },
        ],
        Executed: { actions: completed },
        MustWait: { target: "draining", actions: "QueueDraining" },
        Refused: { target: "halted", actions: halted },
        TailMoved: wrongTail,
      },
    },
    draining: {
      on: {
        Answered: { guard: "noneOwed", target: "fetching", actions: "QueueDrained" },
        GivenUp: {
          guard: "someOwed",
          target: "halted",
          actions: ["DeviceTlbsGivenUp", "WaitAborted", passed, timedOut],
        },
        Disable: refusal("the queue is disabled while a wait is pending"),
      },
    },
    halted: {
      on: {
        GivenUp: timeOut,
        ErrorCleared: {
          guard: "isLastError",
          target: "idle",
          actions: [errorCleared, "QueueResumed"],
        },
        Disable: disable,
      },
    },
  },
  on: {
    SetAddress: refusal("a write to IQA while the queue is enabled"),
    ErrorCleared: clearError,
    WrongAnswer: { actions: answeredWrongly },
  },
});
