/** What a target did with one step of a plan. */
export interface Seen {
  /** The registers after it, from offset 0. */
  readonly registers: Uint8Array;
  /** The last answer to its commands. */
  readonly answer: string;
  /** Lines of the trace that it left. */
  readonly trace: readonly string[];
  /** Whether there are traces at all. */
  readonly isTraced: boolean;
}

/** What a target did with a plan. */
export interface Sight {
  readonly seen: readonly Seen[];
  /** The buffer of each device that was used, at the end. */
  readonly buffers: ReadonlyMap<number, Uint8Array>;
  /** The first pages of memory at the end. */
  readonly memory: Uint8Array;
}

/** Bytes of the register page that are looked at: all registers that QEMU has. */
export const registerBytes = 0x230;

/** Bytes of memory that are looked at in the end: all that programs are about but large pages. */
export const memoryBytes = 0x9_a000;
