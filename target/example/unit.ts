import type { TargetMessage, UnitWords } from "../implementation.ts";
import type { HasBug } from "./bugs.ts";
import type { Events } from "./events.ts";
import { eventsOf } from "./events.ts";
import type { Iotlb } from "./iotlb.ts";
import { newIotlb } from "./iotlb.ts";
import type { Memory } from "./memory.ts";
import type { Queue } from "./queue.ts";
import { newQueue } from "./queue.ts";
import type { Registers } from "./registers.ts";
import { newRegisters } from "./registers.ts";

/** One unit, from one reset to the next. */
export interface Unit {
  readonly registers: Registers;
  readonly events: Events;
  readonly queue: Queue;
  readonly iotlb: Iotlb;
  readonly hasBug: HasBug;
  /** Messages that were sent since somebody asked. */
  messages: TargetMessage[];
  /** The root pointer as it was latched. */
  root: bigint;
  /** What was written to IVA, which reads as 0. */
  iva: bigint;
}

/** A unit as it is after power-on. */
export function newUnit(words: UnitWords, memory: Memory, hasBug: HasBug): Unit {
  const registers = newRegisters(words);
  const events = eventsOf(registers, hasBug, (message) => void unit.messages.push(message));
  const iotlb = newIotlb(hasBug);
  const queue = newQueue({ registers, memory, events, iotlb, hasBug });
  const parts = { registers, events, queue, iotlb, hasBug };
  const unit: Unit = { ...parts, messages: [], root: 0n, iva: 0n };
  return unit;
}
