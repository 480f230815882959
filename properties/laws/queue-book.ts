import type { Fact, FactOf } from "../../events/fact.ts";
import type { Guest } from "../../projections/guest.ts";
import { readBytes } from "../../projections/registers/registers.ts";

/** One device's invalidation that was not answered yet. */
export type Owed = FactOf<"DeviceTlbInvalidated">;

/** What a guest's queue was seen to do, by facts alone. */
export interface QueueBook {
  /** The descriptor that was fetched and is not done; nothing of one before a record's. */
  fetched: FactOf<"DescriptorFetched"> | undefined;
  /** What the devices owe answers to, in order. */
  owed: readonly Owed[];
  /** A wait waits for them. */
  isWaiting: boolean;
  /** It stopped at an error. */
  isHalted: boolean;
  /** The book began, or went on, with something that nobody saw. */
  isPartial: boolean;
  /** A record may have had devices that owe answers which nobody saw being asked. */
  mayOweMore: boolean;
}

export const newQueueBook = (): QueueBook => ({
  fetched: undefined,
  owed: [],
  isWaiting: false,
  isHalted: false,
  isPartial: false,
  mayOweMore: false,
});

/** The queue is on or off, with nothing to do. */
function restart(book: QueueBook): void {
  Object.assign(book, newQueueBook());
}

/** Takes a fact into account. */
export function write(book: QueueBook, fact: Fact): void {
  switch (fact.type) {
    case "DescriptorFetched":
      book.fetched = fact;
      book.isPartial = false;
      return;
    case "DescriptorCompleted":
      book.fetched = undefined;
      return;
    case "QueueDraining":
      book.isWaiting = true;
      return;
    case "QueueHalted":
      book.isWaiting = false;
      book.isHalted = true;
      return;
    case "QueueResumed":
      book.isHalted = false;
      return;
    case "QueueDrained":
    case "WaitAborted":
      book.isWaiting = false;
      return;
    case "DeviceTlbInvalidated":
      book.owed = [...book.owed, fact];
      return;
    case "DeviceTlbAnswered":
      book.owed = book.owed.toSpliced(
        book.owed.findIndex((one) => one.device === fact.device),
        1,
      );
      return;
    case "DeviceTlbsGivenUp":
      book.owed = [];
      book.mayOweMore = false;
      return;
    case "DeviceRemoved":
      book.owed = book.owed.filter(({ device }) => device !== fact.device);
      return;
    case "QueueEnabled":
    case "QueueDisabled":
    case "UnitWasReset":
    case "UnitCreated":
    case "UnitDestroyed":
      restart(book);
      return;
    case "UnitRestored":
      restart(book);
      book.isPartial = true;
      book.mayOweMore = true;
      return;
    default:
      return;
  }
}

/** Whether the queue is on, and which of the errors that halt it stand, as software reads it. */
export function queueStatus(guest: Guest) {
  const isEnabled = ((readBytes(guest, 0x1c, 4) >> 26n) & 1n) === 1n;
  return { isEnabled, errors: readBytes(guest, 0x34, 4) & 0x50n };
}
