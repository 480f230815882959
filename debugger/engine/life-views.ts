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
  if (!isMapped(interval)) return `${life.state}: not mapped${stale}`;
  const [from, to] = [life.gpa, life.hpa];
  const guest = from === undefined ? "" : `guest ${hex(from)}`;
  const host = to === undefined ? "" : ` → host ${hex(to)}`;
  return `${life.state}: ${guest}${host}, ${rights(interval)}${stale}`;
}

const most = 400;

/** The life of a page, the newest times where there are too many. */
export const lifeViews = ({ intervals }: Lifeline): readonly LifeView[] =>
  intervals.slice(-most).map((interval) => ({
    from: interval.from,
    until: interval.until,
    text: textOf(interval),
    kind: kindOf(interval),
    writer: interval.writer,
    announced: interval.announced,
    landed: interval.uses.landed,
    blocked: interval.uses.blocked,
    firstUse: interval.uses.first,
  }));
