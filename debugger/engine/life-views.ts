import { hex } from "../../events/address.ts";
import { faultText } from "../../events/fault/fault-text.ts";
import type { Interval, Lifeline } from "../../history/lifeline/lifeline.ts";
import type { LifeView } from "../protocol.ts";

const isMapped = ({ life }: Interval): boolean => life.hpa !== undefined || life.gpa !== undefined;

function kindOf(interval: Interval): LifeView["kind"] {
  const { life } = interval;
  if (life.pendingSince !== undefined) return "stale";
  if (life.state === "none") return "none";
  return isMapped(interval) && life.reason === undefined ? "mapped" : "blocked";
}

function rights({ life }: Interval): string {
  const [read, write] = [life.read === "ok", life.write === "ok"];
  if (read && write) return "read and write";
  if (read) return "read only";
  return write ? "write only" : "no access";
}

function textOf(interval: Interval): string {
  const { life } = interval;
  const stale = life.pendingSince === undefined ? "" : ", a change waits to be announced";
  if (life.state === "none") return "the unit keeps nothing of this device";
  if (life.reason !== undefined) return `blocked: ${faultText(life.reason)}${stale}`;
  const [from, to] = [life.gpa, life.hpa];
  const guest = from === undefined ? "" : `guest ${hex(from)}`;
  const by = life.state === "passThrough" ? "passed through" : life.state;
  if (to === undefined) {
    const nowhere = from === undefined ? "not mapped" : `${guest}, where the host has no memory`;
    return `${by}: ${nowhere}${stale}`;
  }
  return `${by}: ${guest} → host ${hex(to)}, ${rights(interval)}${stale}`;
}

const most = 400;

/**
 * The life of a page, the newest times where there are too many.
 *
 * @param lastWrite  who last wrote the entry that maps the page, up to an event.
 */
export const lifeViews = (
  { intervals }: Lifeline,
  lastWrite: (until: number) => number | undefined,
): readonly LifeView[] =>
  intervals.slice(-most).map((interval) => {
    const { from, until, writer, announced, uses } = interval;
    const entry = announced === undefined ? undefined : lastWrite(from);
    return {
      ...{ from, until, writer, announced },
      text: textOf(interval),
      kind: kindOf(interval),
      // An entry above may have waited for longer than the page's own.
      entryWriter:
        entry !== undefined && writer !== undefined && entry > writer ? entry : undefined,
      ...{ landed: uses.landed, blocked: uses.blocked, firstUse: uses.first },
    };
  });
