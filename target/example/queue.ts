import type { HasBug } from "./bugs.ts";
import type { Events } from "./events.ts";
import type { Iotlb } from "./iotlb.ts";
import type { Memory } from "./memory.ts";
import type { Registers } from "./registers.ts";
import { at } from "./registers.ts";

const queueError = 0x10;
/** What IQERCD says of an error. */
const why = { tail: 1, fetch: 2, type: 3, reserved: 4, width: 5, alignment: 6 } as const;

const waitType = 5;

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

/** A wait descriptor: a status word, and an event where none is pending. */
function completeWait({ registers, memory, events, hasBug }: Parts, low: bigint, high: bigint) {
  if ((low & 0x20n) !== 0n) {
    const status = new Uint8Array(hasBug(1) ? 8 : 4);
    new DataView(status.buffer).setUint32(0, Number(low >> 32n), true);
    memory.write(high & ~3n, status);
  }
  if ((low & 0x10n) === 0n || (registers.get(at.ics) & 1) !== 0) return;
  registers.set(at.ics, 1);
  events.raise(at.iectl);
}

/** The type of a descriptor, in two parts. */
const typeOf = (low: bigint): number => Number((low & 0xfn) | ((low >> 5n) & 0x70n));

/** Executes a descriptor. @returns why it cannot be; nothing where it could. */
function execute(parts: Parts, low: bigint, high: bigint): number | undefined {
  const type = typeOf(low);
  const [lower, upper] = reserved.get(type) ?? [0n, 0n];
  if (!reserved.has(type)) return why.type;
  const isWrong = (low & lower) !== 0n || BigInt.asUintN(64, high & upper) !== 0n;
  if (isWrong && !parts.hasBug(3)) return why.reserved;
  const granularity = (low >> 4n) & 3n;
  if (type === waitType) completeWait(parts, low, high);
  else if (granularity === 0n) return why.reserved;
  else if (type === 2) {
    const mask = high & 0x3fn;
    if (granularity === 3n && mask > mostMask) return why.reserved;
    const did = Number((low >> 16n) & 0xffffn);
    parts.iotlb.invalidate(Number(granularity), did, high & ~0xfffn, Number(mask));
  }
  return undefined;
}

/** A queue that is off. */
export function newQueue(parts: Parts): Queue {
  const { registers, memory, events, hasBug } = parts;
  const { get, set, get64, set64 } = registers;
  let [base, bytes, isWide] = [0n, 0, false];
  let [isOn, isIdle] = [false, true];

  const fail = (reason: number): false => {
    set64(at.iqercd, BigInt(reason));
    events.setCondition(queueError);
    return false;
  };

  const step = (): boolean => {
    const [head, tail] = [get(at.iqh), get(at.iqt)];
    if (tail >= bytes) return fail(why.tail);
    // Descriptors of 256 bits are those of scalable mode.
    if (isWide) return fail(tail % 32 === 0 ? why.width : why.alignment);
    const place = base + BigInt(head);
    const [low, high] = [memory.word(place), memory.word(place + 8n)];
    if (low === undefined || high === undefined) return fail(why.fetch);
    const error = execute(parts, low, high);
    if (error !== undefined) return fail(error);
    isIdle = typeOf(low) === waitType;
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
