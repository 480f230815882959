import type { DmaRequest, Implementation, TargetMessage } from "../implementation.ts";
import type { HasBug } from "./bugs.ts";
import { plantedBugs } from "./bugs.ts";
import { enable, writeRegister } from "./commands.ts";
import type { Memory } from "./memory.ts";
import { newMemory } from "./memory.ts";
import { at, words } from "./registers.ts";
import { translationOf } from "./translation.ts";
import type { Unit } from "./unit.ts";
import { newUnit } from "./unit.ts";

/** What came of something, and the messages that were sent meanwhile. */
function say<T extends object>(
  unit: Unit,
  answer: T,
): T & { readonly messages: readonly TargetMessage[] } {
  const { messages } = unit;
  unit.messages = [];
  return { ...answer, messages };
}

/** A device reads or writes memory, by the guest's tables once translation is on. */
function dma(unit: Unit, memory: Memory, request: DmaRequest) {
  const { source, address, access, length, bytes } = request;
  const { registers, events, iotlb, root, hasBug } = unit;
  let to = address;
  if ((registers.get(at.gsts) & enable) !== 0) {
    const translate = translationOf(memory, hasBug);
    const found = translate(root, request, (did) => iotlb.find(did, address, access));
    if ("fault" in found) {
      const { fault: reason, suppressed } = found;
      events.recordFault({ reason, source, address, isRead: access === "read", suppressed });
      return found;
    }
    to = found.at;
    iotlb.keep(found.did, address, access, to);
  }
  if (access === "read") return { at: to, bytes: memory.read(to, length) };
  memory.write(to, bytes ?? new Uint8Array(length));
  return { at: to };
}

/**
 * A small unit, as an example of what can be checked: legacy mode, second-stage tables of three and
 * four levels, pass-through, an invalidation queue and commands by registers, four fault records,
 * and an IOTLB. Interrupts are not remapped.
 *
 * @param bug  which planted mistake it is made with, from 1; none of them when 0.
 * @throws RangeError for a mistake that there is none of.
 */
export function makeViommu(bug = 0): Implementation {
  if (bug !== 0 && plantedBugs[bug - 1] === undefined) {
    throw new RangeError(`there is no planted mistake ${bug.toString()}`);
  }
  const hasBug: HasBug = (number) => number === bug;
  const memory = newMemory();
  let unit = newUnit(words, memory, hasBug);
  return {
    ...{ name: "the example in TypeScript", ...words },
    reset: (wanted) => {
      memory.clear();
      unit = newUnit(wanted, memory, hasBug);
      return {};
    },
    writeRegister: ({ offset, size, value }) => {
      writeRegister(unit, offset, Number(value & 0xffff_ffffn));
      if (size === 8) writeRegister(unit, offset + 4, Number(value >> 32n));
      return say(unit, {});
    },
    readRegisters: ({ offset, length }) => ({
      bytes: unit.registers.bytes.slice(offset, offset + length),
    }),
    writeMemory: ({ address, bytes }) => {
      memory.write(address, bytes);
      return {};
    },
    readMemory: ({ address, length }) => ({ bytes: memory.read(address, length) }),
    dma: (request) => say(unit, dma(unit, memory, request)),
  };
}
