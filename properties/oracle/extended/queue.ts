import { bits } from "../word.ts";
import type { Refusal } from "./descriptor.ts";
import { decodeDescriptor } from "./descriptor.ts";
import type { ExtendedUnit } from "./unit.ts";
import type { ExtendedWork } from "./work.ts";

/** The registers of an enabled queue, IQA as latched. */
export interface QueueRegisters {
  readonly iqa: bigint;
  readonly iqh: bigint;
  readonly iqt: bigint;
}

/** What a queue does until it is empty, has a wait behind it, or halts with IQE at `head`. */
export interface QueueEnd {
  readonly work: readonly ExtendedWork[];
  readonly head: bigint;
  readonly end: "empty" | "wait" | "IQE";
  /**
   * Why there is an IQE.
   *
   * Reading: IQERCD came with 3.1, so that software of the time does not learn it.
   */
  readonly cause?: Refusal | "tail" | "fetch";
}

/**
 * Follows a queue of 128-bit descriptors from IQH on.
 *
 * Reading: descriptors of 256 bits came with 3.0; IQA.DW is reserved and has no effect.
 */
export function followQueue(unit: ExtendedUnit, { iqa, iqh, iqt }: QueueRegisters): QueueEnd {
  const size = 4096n << BigInt(bits(iqa, 2, 0));
  const tail = iqt & 0x7fff0n;
  const work: ExtendedWork[] = [];
  let head = iqh & 0x7fff0n;
  if (tail >= size) return { work, head, end: "IQE", cause: "tail" };
  while (head !== tail) {
    const at = (iqa & ~0xfffn) + head;
    const [low, high] = [unit.read64(at), unit.read64(at + 8n)];
    if (low === undefined || high === undefined) return { work, head, end: "IQE", cause: "fetch" };
    const one = decodeDescriptor(unit, low, high);
    if (typeof one === "string") return { work, head, end: "IQE", cause: one };
    work.push(one);
    head = (head + 16n) % size;
    if (one.kind === "wait") return { work, head, end: "wait" };
  }
  return { work, head, end: "empty" };
}
