import type { DmaRequest, Implementation, TargetMessage, UnitWords } from "../implementation.ts";
import type { HasBug } from "./bugs.ts";
import type { Events } from "./events.ts";
import { eventsOf } from "./events.ts";
import type { Iotlb } from "./iotlb.ts";
import { newIotlb } from "./iotlb.ts";
import { newMemory } from "./memory.ts";
import type { Queue } from "./queue.ts";
import { newQueue } from "./queue.ts";
import type { Registers } from "./registers.ts";
import { at, newRegisters, recordCount, words, writable } from "./registers.ts";
import { translationOf } from "./translation.ts";

const [enable, latchRoot, queueOn] = [0x8000_0000, 0x4000_0000, 0x0400_0000];

/**
 * A small unit, as an example of what can be checked: legacy mode, second-stage tables of three and
 * four levels, pass-through, an invalidation queue and commands by registers, four fault records,
 * and an IOTLB. Interrupts are not remapped.
 *
 * @param bug  which planted mistake it is made with, from 1; none of them when 0.
 */
export function makeViommu(bug = 0): Implementation {
  const hasBug: HasBug = (number) => number === bug;
  const memory = newMemory();
  const translate = translationOf(memory, hasBug);
  let messages: TargetMessage[] = [];
  let registers: Registers;
  let events: Events;
  let queue: Queue;
  let iotlb: Iotlb;
  let [root, iva] = [0n, 0n];

  const reset = (unit: UnitWords): void => {
    memory.clear();
    registers = newRegisters(unit);
    events = eventsOf(registers, hasBug, (message) => void messages.push(message));
    iotlb = newIotlb(hasBug);
    queue = newQueue({ registers, memory, events, iotlb, hasBug });
    [root, iva] = [0n, 0n];
  };

  const command = (value: number): void => {
    const { get, set, get64 } = registers;
    const turned = (bit: number): boolean => ((value ^ get(at.gsts)) & bit) !== 0;
    if ((value & latchRoot) !== 0) {
      root = get64(at.rtaddr) & ~0xfffn;
      set(at.gsts, get(at.gsts) | latchRoot);
    }
    const isRooted = (get(at.gsts) & latchRoot) !== 0;
    if (turned(enable) && (isRooted || (value & enable) === 0)) {
      set(at.gsts, get(at.gsts) ^ enable);
      iotlb.invalidate(1, 0, 0n, 0);
    }
    if (!turned(queueOn)) return;
    const isDone = (value & queueOn) !== 0 || queue.disable();
    if (isDone) set(at.gsts, get(at.gsts) ^ queueOn);
    if ((value & queueOn) === 0) return;
    queue.enable();
    queue.run();
  };

  const isAsked = (value: number): boolean => (value & 0x8000_0000) !== 0;
  /** Invalidations by register: contexts are not remembered, so that only the answer matters. */
  const invalidateContexts = (value: number): void => {
    const granularity = (value >>> 29) & 3;
    const done = queue.isOn() ? 0 : granularity << 27;
    const shown = isAsked(value) ? done : registers.get(at.ccmd + 4) & 0x1800_0000;
    registers.set(at.ccmd + 4, (value & 0x6000_0000) | shown);
  };
  const invalidateIotlb = (value: number): void => {
    const granularity = (value >>> 28) & 3;
    const mask = Number(iva & 0x3fn);
    const isRight = !queue.isOn() && granularity !== 0 && (granularity < 3 || mask <= 18);
    const isDone = isAsked(value) && isRight;
    if (isDone) iotlb.invalidate(granularity, value & 0xffff, iva & ~0xfffn, mask);
    const before = isAsked(value) ? 0 : registers.get(at.iotlb + 4) & 0x0600_0000;
    const shown = isDone ? granularity << 25 : before;
    registers.set(at.iotlb + 4, (value & 0x3003_ffff) | shown);
  };

  const clearCompletion = (): void => {
    registers.set(at.ics, 0);
    events.withdraw(at.iectl);
  };

  /** Writes 32 bits; those of a wider register come one after the other. */
  const write = (offset: number, value: number): void => {
    const { get, set } = registers;
    const mask = writable.get(offset);
    const record = (offset - at.records) / 16;
    if (mask !== undefined) set(offset, value & mask);
    else if (offset === at.gcmd) command(value);
    // Both halves of IVA read as 0.
    else if (offset === at.iva) iva = (iva & ~0xffff_ffffn) | BigInt((value & 0xffff_f07f) >>> 0);
    else if (offset === at.iva + 4) iva = (iva & 0xffff_ffffn) | (BigInt(value) << 32n);
    else if (offset === at.ccmd) set(offset, value & 0xffff);
    else if (offset === at.ccmd + 4) invalidateContexts(value);
    else if (offset === at.iotlb + 4) invalidateIotlb(value);
    else if (offset === at.fectl || offset === at.iectl) events.writeControl(offset, value);
    else if (offset === at.ics && (value & 1) !== 0) clearCompletion();
    else if (offset === at.iqa && !queue.isOn()) set(offset, value & 0xffff_f807);
    else if (offset === at.iqa + 4 && !queue.isOn()) set(offset, value);
    else if (offset === at.fsts) {
      const wasHalted = (get(at.fsts) & 0x70) !== 0;
      events.writeStatus(value);
      if (wasHalted && !hasBug(10)) queue.run();
    } else if (offset === at.iqt) {
      set(offset, value & 0x7_fff0);
      queue.run();
    } else if (record >= 0 && record < recordCount && offset % 16 === 12) {
      events.writeRecord(Math.floor(record), value);
    }
  };

  const dma = (request: DmaRequest) => {
    const { source, address, access, length, bytes } = request;
    let to = address;
    if ((registers.get(at.gsts) & enable) !== 0) {
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
  };

  /** What came of something, and the messages that were sent meanwhile. */
  const say = <T extends object>(answer: T): T & { readonly messages: TargetMessage[] } => {
    const sent = messages;
    messages = [];
    return { ...answer, messages: sent };
  };

  reset(words);
  return {
    ...{ name: "the example in TypeScript", ...words },
    reset: (unit) => {
      reset(unit);
      return {};
    },
    writeRegister: ({ offset, size, value }) => {
      write(offset, Number(value & 0xffff_ffffn));
      if (size === 8) write(offset + 4, Number(value >> 32n));
      return say({});
    },
    readRegisters: ({ offset, length }) => ({
      bytes: registers.bytes.slice(offset, offset + length),
    }),
    writeMemory: ({ address, bytes }) => {
      memory.write(address, bytes);
      return {};
    },
    readMemory: ({ address, length }) => ({ bytes: memory.read(address, length) }),
    dma: (request) => say(dma(request)),
  };
}
