// Length: one table of everything that a line may say.
/** Where in a file something was seen: the number of its line, from 1. */
interface Seen {
  readonly line: number;
}

/**
 * Who did something in the guest: a task at one level of interruption, as `insmod-88 d`. What a
 * handler does while it interrupts a task is of another context than what the task does.
 */
export type Context = string;

/** An invalidation, as the 128 lower bits of a queue descriptor have it. */
export interface Invalidated extends Seen {
  readonly kind: "invalidated";
  /** Bits 127:0; a register's command is written as the descriptor that asks for the same. */
  readonly words: bigint;
  /** Bits 255:128, where the trace has them. */
  readonly upper: bigint;
  /** `unknown` where the trace says that it was executed, and of nothing who asked for it. */
  readonly via: "queue" | "register" | "unknown";
  /** The name of the unit, where the trace has one. */
  readonly unit: string;
  readonly context: Context;
}

/** What a unit says of an invalidation that it executes, after it logged the descriptor or not. */
export interface Executed extends Seen {
  readonly kind: "executed";
  /** The descriptor that asks for just this; of an address the bits that the line shows. */
  readonly words: bigint;
}

/** The unit fetched the descriptor at an index of its ring, in descriptors. */
export interface HeadRead extends Seen {
  readonly kind: "headRead";
  readonly index: number;
}

/** Software moved the tail of the ring, in descriptors. */
export interface TailWritten extends Seen {
  readonly kind: "tailWritten";
  readonly index: number;
}

/** The unit took over the address and size of the ring, `size` in descriptors. */
export interface RingSetUp extends Seen {
  readonly kind: "ringSetUp";
  readonly size: number;
}

export interface RingEnabled extends Seen {
  readonly kind: "ringEnabled";
  readonly on: boolean;
}

/** The unit refused a tail. */
export interface TailRefused extends Seen {
  readonly kind: "tailRefused";
}

export interface RegisterWritten extends Seen {
  readonly kind: "registerWritten";
  readonly offset: number;
  readonly value: bigint;
}

/** The unit latched a root table. */
export interface RootLatched extends Seen {
  readonly kind: "rootLatched";
  readonly scalable: boolean;
}

/** The unit dropped every cached translation (`iotlb`) or context entry (`context`) by itself. */
export interface CacheDropped extends Seen {
  readonly kind: "cacheDropped";
  readonly cache: "iotlb" | "context";
}

/** The unit used (`hit`) or kept (`fill`) a translation of one page. `entry` is the leaf. */
export interface CacheUsed extends Seen {
  readonly kind: "cacheUsed";
  readonly use: "hit" | "fill";
  readonly source: number;
  readonly iova: bigint;
  readonly entry: bigint;
  readonly did: number;
}

/** A request was translated; `mask` has ones below the page size. */
export interface Translated extends Seen {
  readonly kind: "translated";
  readonly source: number;
  readonly iova: bigint;
  readonly gpa: bigint;
  readonly mask: bigint;
}

/** What is told of a fault; a member is missing where nothing says it. */
export interface FaultFields {
  readonly source?: number | undefined;
  readonly iova?: bigint | undefined;
  readonly access?: "read" | "write" | undefined;
  readonly pasid?: number | undefined;
  readonly reason?: number | undefined;
  /** Of an interrupt request: which entry it asked for. */
  readonly index?: number | undefined;
  /** The table level at which the walk ended, and the entry there; of an interrupt, its entry. */
  readonly level?: number | undefined;
  readonly entry?: bigint | undefined;
  /** Why the guest was not told: a record of the same source was pending, or none was free. */
  readonly unrecorded?: "collapsed" | "dropped" | undefined;
}

/** A request faulted. */
export interface Faulted extends Seen, FaultFields {
  readonly kind: "faulted";
}

/** What an error message says of the fault whose own line comes next, if faults have lines. */
export interface FaultDetail extends Seen, FaultFields {
  readonly kind: "faultDetail";
}

/** An error message: a request of this device to this address failed. It follows the fault. */
export interface TranslationFailed extends Seen {
  readonly kind: "translationFailed";
  readonly source: number;
  readonly iova: bigint;
}

/** An error message: a fault was not recorded. It follows the fault, as far as that is told. */
export interface FaultUnrecorded extends Seen {
  readonly kind: "faultUnrecorded";
  readonly unrecorded: "collapsed" | "dropped";
}

/** Interrupt remapping was turned on or off. */
export interface RemappingSet extends Seen {
  readonly kind: "remappingSet";
  readonly on: boolean;
}

/** An interrupt request passed on, remapped or not. */
export interface InterruptPassed extends Seen {
  readonly kind: "interruptPassed";
  /** The request was of the compatibility format. */
  readonly compatibility: boolean;
}

/** The unit read an interrupt entry. */
export interface InterruptEntryRead extends Seen {
  readonly kind: "interruptEntryRead";
  readonly index: number;
  readonly value: bigint;
}

/** The guest mapped or unmapped IOVAs from `first` up to `end`, in some domain. */
export interface MappingChanged extends Seen {
  readonly kind: "mappingChanged";
  readonly change: "map" | "unmap";
  readonly first: bigint;
  readonly end: bigint;
  readonly context: Context;
  /** The line came before the invalidation that it asks for. */
  readonly ordered: boolean;
}

/** The guest attached a device to a domain, or detached it. */
export interface DeviceMoved extends Seen {
  readonly kind: "deviceMoved";
  readonly attached: boolean;
  readonly source: number;
  readonly context: Context;
}

/** A driver says which cache of a domain it is about to tell, from `first` up to `end`. */
export interface FlushAsked extends Seen {
  readonly kind: "flushAsked";
  readonly cache: "iotlb" | "deviceTlb";
  readonly did: number;
  /** Of a device TLB the device. */
  readonly source: number | undefined;
  readonly first: bigint;
  readonly end: bigint;
  readonly context: Context;
}

/** The trace says that events are missing here; `count` where it says how many. */
export interface EventsLost extends Seen {
  readonly kind: "eventsLost";
  readonly count: number | undefined;
}

/** What one line of a trace says, whichever program wrote it. */
export type Observation =
  | Invalidated
  | Executed
  | HeadRead
  | TailWritten
  | RingSetUp
  | RingEnabled
  | TailRefused
  | RegisterWritten
  | RootLatched
  | CacheDropped
  | CacheUsed
  | Translated
  | Faulted
  | FaultDetail
  | TranslationFailed
  | FaultUnrecorded
  | RemappingSet
  | InterruptPassed
  | InterruptEntryRead
  | MappingChanged
  | DeviceMoved
  | FlushAsked
  | EventsLost;

/** What a line is that is none of the trace: an event of another subsystem, or any other text. */
export const foreign = {
  event: "event of another subsystem",
  text: "line of a console, or other text",
} as const;

/**
 * What became of a line: an observation; `counted`, an event that nothing is judged by, by what
 * cannot be judged of it; `header`, no event; `foreign`, no line of the trace; `unparsed`, one that
 * is not understood.
 */
export type Line =
  | { readonly result: "observed"; readonly observation: Observation }
  | { readonly result: "counted"; readonly what: string | undefined }
  | { readonly result: "header" }
  | { readonly result: "foreign"; readonly what: keyof typeof foreign }
  | { readonly result: "unparsed" };

export const header: Line = { result: "header" };
export const unparsed: Line = { result: "unparsed" };
export const foreignEvent: Line = { result: "foreign", what: "event" };
export const foreignText: Line = { result: "foreign", what: "text" };
/** An event that says nothing that could be judged. */
export const plain: Line = { result: "counted", what: undefined };
export const observed = (observation: Observation): Line => ({ result: "observed", observation });
export const notObservable = (what: string): Line => ({ result: "counted", what });

/** Reads the lines of one format, one after the other. */
export type LineReader = (text: string, line: number) => Line;
