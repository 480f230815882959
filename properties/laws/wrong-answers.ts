import type { Guest } from "../../projections/guest.ts";
import { readBytes } from "../../projections/registers/registers.ts";
import type { QueueBook } from "./queue-book.ts";
import type { Moment } from "./run.ts";

/** ECAP.DT: the unit asks devices to forget, and takes their answers. */
const hasDeviceTlbs = (guest: Guest): boolean => ((readBytes(guest, 0x10, 8) >> 2n) & 1n) === 1n;

/**
 * Whether the next fact must be that a device's answer was wrong: it is a failure, or nobody waits
 * for it. `undefined` where the book cannot know.
 */
export function mustFail(
  { owed, mayOweMore }: QueueBook,
  { step, fact }: Moment,
  guest: Guest,
): boolean | undefined {
  const { input, facts } = step;
  if (input.type !== "DeviceTlbAnswer" || !hasDeviceTlbs(guest)) return false;
  if (facts[0]?.type === "InputRefused") return false;
  if (fact !== undefined) return fact.type === "DeviceTlbAnswered" && input.result === "failed";
  if (owed.some(({ device }) => device === input.device)) return false;
  return mayOweMore ? undefined : true;
}
