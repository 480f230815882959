import { gpa, pageOf } from "../events/address.ts";
import type { Input } from "../events/input.ts";
import { masksOf } from "../events/layout/layout.ts";
import { Gcmd } from "../events/registers/command.ts";
import { at } from "../events/registers/offset.ts";

import { arena } from "../properties/world/arena.ts";

const isInQueue = (input: Input): boolean =>
  input.type === "MemoryWrite" && pageOf(input.gpa) === arena.queue;

const isTail = (input: Input): boolean =>
  input.type === "RegisterWrite" && (input.offset === at.iqt || input.offset === at.iqt + 4);

/** What an input has in common with others that may go together with it. */
function groupOf(input: Input): string {
  if (isInQueue(input) || isTail(input)) return "queue";
  switch (input.type) {
    case "MemoryWrite":
      return `page ${pageOf(input.gpa).toString()}`;
    case "RegisterWrite":
      return `register ${input.offset.toString()}`;
    case "Dma":
      return `DMA ${input.device.toString()}`;
    default:
      return input.type;
  }
}

/** A program without one group of inputs, for each of them: of one page, register or device. */
export function* withoutGroups(inputs: readonly Input[]): Generator<readonly Input[]> {
  for (const group of new Set(inputs.map(groupOf))) {
    yield inputs.filter((input) => groupOf(input) !== group);
  }
}

/**
 * A program without one write into the queue, the descriptors after it moved up and the tail with
 * them.
 *
 * @returns `undefined` where the input is no such write.
 */
export function withoutDescriptors(
  inputs: readonly Input[],
  index: number,
): readonly Input[] | undefined {
  const gone = inputs[index];
  if (gone?.type !== "MemoryWrite" || !isInQueue(gone)) return undefined;
  const length = BigInt(gone.bytes.length);
  const offset = gone.gpa & 0xfffn;
  return inputs.toSpliced(index, 1).map((input): Input => {
    if (input.type === "MemoryWrite" && isInQueue(input) && input.gpa > gone.gpa) {
      return { ...input, gpa: gpa(input.gpa - length) };
    }
    const isMoved = input.type === "RegisterWrite" && isTail(input) && input.value > offset;
    return isMoved ? { ...input, value: input.value - length } : input;
  });
}

/** Bits of GCMD that say how something is to be; the others ask for something once. */
const { te, eafl, qie, ire, cfi } = masksOf(Gcmd);
const levelBits = [te, eafl, qie, ire, cfi];
const levels = levelBits.reduce((mask, bit) => mask | bit, 0n);

const isCommand = (input: Input): boolean =>
  input.type === "RegisterWrite" && input.offset === at.gcmd;

/** A program in which one bit of GCMD stays 0, for each of them; writes that change nothing go. */
export function* withoutCommands(inputs: readonly Input[]): Generator<readonly Input[]> {
  for (const bit of levelBits) {
    const isUsed = (input: Input): boolean =>
      input.type === "RegisterWrite" && isCommand(input) && (input.value & bit) !== 0n;
    if (!inputs.some(isUsed)) continue;
    let state = 0n;
    yield inputs.flatMap((input) => {
      if (input.type !== "RegisterWrite" || !isCommand(input)) return [input];
      const value = input.value & ~bit;
      if (value === state) return [];
      state = value & levels;
      return [{ ...input, value }];
    });
  }
}
