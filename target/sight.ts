import type { Input } from "../events/input.ts";
import type { Message } from "../properties/judge-interrupt.ts";

/** What became of one step in a target, besides its registers. */
export interface Observed {
  /** Of a DMA: GPA of the first byte that was reached. */
  readonly translated: bigint | undefined;
  /** Size in bytes of the mapping that led there, less 1. */
  readonly mask: bigint;
  /** Reason of the first fault. */
  readonly fault: number | undefined;
  /** A fault that was not to be reported. */
  readonly suppressed: boolean;
  /** Its reason, where the target says it. */
  readonly suppressedReason?: number;
  /** Something else than a fault kept it away: protected memory. */
  readonly isKeptAway?: boolean;
  /** Messages of the unit's own, in order. */
  readonly events: readonly string[];
  /** Answers to groups of page requests, in order. */
  readonly responses?: readonly string[];
  /** What a translation request was granted. */
  readonly granted?: string;
  /** The message that an interrupt request became. */
  readonly message: Message | undefined;
}

/** What a target did with one step of a program. */
export interface Seen {
  /** The registers after it, from offset 0. */
  readonly registers: Uint8Array;
  readonly observed: Observed;
  /** Whether `observed` says anything. */
  readonly isTraced: boolean;
  /** Whether it says the reason of a fault that was not to be reported. */
  readonly tellsSuppressed?: boolean;
  /** What the target says of it in its own words, line by line. */
  readonly trace: readonly string[];
  /** Of a DMA that reads: what it read, where that is known at once. */
  readonly data?: Uint8Array;
}

/** Bytes of memory in the end. */
export interface MemoryPart {
  /** Address of the first one, at a page. */
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** What a target did with a program. */
export interface Sight {
  readonly seen: readonly Seen[];
  /** What DMA has read, by its step, where only the end shows it. */
  readonly lateData: ReadonlyMap<number, Uint8Array>;
  readonly memory: readonly MemoryPart[];
}

/** A program as a target is given it: every step that there is room for. */
export type Steps = readonly Input[];
