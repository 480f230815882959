import type { Judge } from "./finding.ts";
import type { Observation } from "./observation.ts";

/** Where the unit is in its ring, as far as the trace tells. */
interface Ring {
  size: number | undefined;
  /** The index that is fetched next. */
  next: number | undefined;
  tail: number | undefined;
  /** The entry that was fetched last, until its descriptor is seen. */
  open: { readonly index: number; readonly line: number } | undefined;
  scalable: boolean;
}

/** The reason for which a fetched entry has no descriptor beside it. */
export const unlogged =
  "ring entry in scalable mode: QEMU does not log PASID-cache descriptors, before 10 no " +
  "PASID-based ones";

const entriesText = (from: number, count: number, size: number): string =>
  count === 1
    ? `entry ${from.toString()}`
    : `entries ${from.toString()} to ${((from + count - 1) % size).toString()}`;

/** How many entries lie from one index up to another, without the latter. */
const distance = (from: number, to: number, size: number): number => (to - from + size) % size;

function closeEntry(ring: Ring, judge: Judge): void {
  const { open, scalable } = ring;
  ring.open = undefined;
  if (open === undefined) return;
  if (scalable) judge.notObservable(unlogged);
  else {
    const text = `the unit fetched ring entry ${open.index.toString()}; its descriptor is missing`;
    judge.disagree("missingDescriptor", open.line, text);
  }
}

function readHead(ring: Ring, index: number, line: number, judge: Judge): void {
  closeEntry(ring, judge);
  const { next, size = 256 } = ring;
  ring.open = { index, line };
  ring.next = (index + 1) % size;
  if (next === undefined || next === index) judge.agree();
  else if (distance(index, next, size) === 1) {
    judge.notObservable("ring entry that is fetched again: why is not in the trace");
  } else {
    const count = distance(next, index, size);
    const text = `the unit fetched entry ${index.toString()} next to ${next.toString()}:`;
    const gap = `${entriesText(next, count, size)} missing`;
    judge.disagree("ringGap", line, `${text} ${gap}`);
  }
}

function writeTail(ring: Ring, index: number, line: number, judge: Judge): void {
  closeEntry(ring, judge);
  const { next, tail, size } = ring;
  ring.tail = index;
  if (size !== undefined && index >= size) {
    const text = `tail ${index.toString()} is outside the ring of ${size.toString()} entries`;
    judge.disagree("badTail", line, text);
  } else if (next !== undefined && tail !== undefined && next !== tail) {
    const missing = entriesText(next, distance(next, tail, size ?? 256), size ?? 256);
    const text = `the tail moves on from ${tail.toString()} before the unit fetched ${missing}`;
    judge.disagree("ringGap", line, text);
    // What is not told any more is not expected any more.
    ring.next = tail;
  } else judge.agree();
}

/** Follows the ring: each entry is fetched once, in order, with a descriptor, up to the tail. */
export function checkRing(observations: readonly Observation[], judge: Judge): void {
  if (!observations.some(({ kind }) => kind === "headRead")) return;
  const start = { size: undefined, next: undefined, tail: undefined, open: undefined };
  const ring: Ring = { ...start, scalable: false };
  for (const seen of observations) {
    if (seen.kind === "headRead") readHead(ring, seen.index, seen.line, judge);
    else if (seen.kind === "tailWritten") writeTail(ring, seen.index, seen.line, judge);
    else if (seen.kind === "ringSetUp") ring.size = Math.max(1, seen.size);
    else if (seen.kind === "rootLatched") ring.scalable = seen.scalable;
    else if (seen.kind === "tailRefused") {
      judge.disagree("badTail", seen.line, "the unit refused the tail");
    } else if (seen.kind === "ringEnabled") {
      closeEntry(ring, judge);
      [ring.next, ring.tail] = [seen.on ? 0 : undefined, undefined];
    } else if (seen.kind === "invalidated" && seen.via === "queue") {
      if (ring.open === undefined) {
        const text = "a descriptor without the fetch of a ring entry before it";
        judge.disagree("ringGap", seen.line, text);
      }
      ring.open = undefined;
    }
  }
  closeEntry(ring, judge);
  if (ring.next !== undefined && ring.tail !== undefined && ring.next !== ring.tail) {
    judge.undecided("ring entries up to the tail: the trace ends before they are fetched");
  }
}
