import type { HasBug } from "./bugs.ts";
import type { Events } from "./events.ts";
import type { Iotlb } from "./iotlb.ts";
import type { Memory } from "./memory.ts";
import type { Registers } from "./registers.ts";
import { at } from "./registers.ts";

const queueError = 0x10;
/** What IQERCD says of an error. */
const why = { tail: 1, fetch: 2, type: 3, reserved: 4, width: 5, alignment: 6 } as const;

/** The highest mask that a page-selective invalidation may have (CAP.MAMV). */
const mostMask = 18n;

/** The invalidation queue. */
export interface Queue {
  readonly enable: () => void;
  /** @returns whether it may be, and so is. */
  readonly disable: () => boolean;
  readonly isOn: () => boolean;
  /** Executes descriptors up to the tail, or to the first that cannot be. */
  readonly run: () => void;
}

/** Bits of a descriptor that have to be 0, lower and upper half, by its type. */
const reserved: ReadonlyMap<number, readonly [bigint, bigint]> = new Map([
  [1, [0xfffc_0000_0000_f1c0n, ~0n]],
  [2, [0xffff_ffff_0000_f100n, 0xf80n]],
  [5, [0xffff_f180n, 3n]],
] as const);

/** Parts of the unit that the queue works with. */
interface Parts {
  readonly registers: Registers;
  readonly memory: Memory;
  readonly events: Events;
  readonly iotlb: Iotlb;
  readonly hasBug: HasBug;
}

/** A queue that is off. */
export function newQueue({ registers, memory, events, iotlb, hasBug }: Parts): Queue {
  const { get, set, get64, set64 } = registers;
  let [base, bytes, isWide] = [0n, 0, false];
  let [isOn, isIdle] = [false, true];

  const fail = (reason: number): false => {
    set64(at.iqercd, BigInt(reason));
    events.setCondition(queueError);
    return false;
  };

  const wait = (low: bigint, high: bigint): void => {
    isIdle = true;
    if ((low & 0x20n) !== 0n) {
      const status = new Uint8Array(hasBug(1) ? 8 : 4);
      new DataView(status.buffer).setUint32(0, Number(low >> 32n), true);
      memory.write(high & ~3n, status);
    }
    if ((low & 0x10n) === 0n || (get(at.ics) & 1) !== 0) return;
    set(at.ics, 1);
    events.raise(at.iectl);
  };

  /** @returns whether the descriptor can be executed, and so is. */
  const execute = (low: bigint, high: bigint): boolean => {
    const type = Number((low & 0xfn) | ((low >> 5n) & 0x70n));
    const [lower, upper] = reserved.get(type) ?? [0n, 0n];
    if (!reserved.has(type)) return fail(why.type);
    const isWrong = (low & lower) !== 0n || BigInt.asUintN(64, high & upper) !== 0n;
    if (isWrong && !hasBug(3)) return fail(why.reserved);
    isIdle = false;
    const granularity = (low >> 4n) & 3n;
    const did = Number((low >> 16n) & 0xffffn);
    if (type === 5) wait(low, high);
    else if (granularity === 0n) return fail(why.reserved);
    else if (type === 2) {
      const mask = high & 0x3fn;
      if (granularity === 3n && mask > mostMask) return fail(why.reserved);
      iotlb.invalidate(Number(granularity), did, high & ~0xfffn, Number(mask));
    }
    return true;
  };

  const step = (): boolean => {
    const [head, tail] = [get(at.iqh), get(at.iqt)];
    if (tail >= bytes) return fail(why.tail);
    // Descriptors of 256 bits are those of scalable mode.
    if (isWide) return fail(tail % 32 === 0 ? why.width : why.alignment);
    const place = base + BigInt(head);
    const [low, high] = [memory.word(place), memory.word(place + 8n)];
    if (low === undefined || high === undefined) return fail(why.fetch);
    if (!execute(low, high)) return false;
    set(at.iqh, hasBug(2) ? head + 16 : (head + 16) % bytes);
    return true;
  };

  return {
    isOn: () => isOn,
    enable: () => {
      const address = get64(at.iqa);
      base = address & ~0xfffn;
      bytes = 4096 << Number(address & 7n);
      isWide = (address & 0x800n) !== 0n;
      set(at.iqh, 0);
      [isOn, isIdle] = [true, true];
    },
    disable: () => {
      if (get(at.iqh) !== get(at.iqt) || !isIdle) return false;
      isOn = false;
      set(at.iqh, 0);
      return true;
    },
    run: () => {
      const isHalted = (): boolean => (get(at.fsts) & 0x70) !== 0;
      while (isOn && !isHalted() && get(at.iqh) !== get(at.iqt) && step());
    },
  };
}
