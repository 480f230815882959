/** The stretch of a run that is shown: places from the left edge to the right one. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/** Events that are shown at least. */
const closest = 12;

/** A stretch that lies in a run of some events. */
export function within({ from, to }: Window, events: number): Window {
  const all = Math.max(closest, events);
  const wide = Math.min(all, Math.max(closest, to - from));
  const start = Math.min(Math.max(0, from), all - wide);
  return { from: start, to: start + wide };
}

/** The stretch made longer (above 1) or shorter about a place, which stays where it is. */
export function zoomed({ from, to }: Window, about: number, by: number, events: number): Window {
  const wide = Math.min(Math.max(closest, (to - from) * by), Math.max(closest, events));
  const share = (about - from) / (to - from);
  return within({ from: about - share * wide, to: about + (1 - share) * wide }, events);
}

/** The stretch moved so that a place is in it, with some room beside. */
export function showing(window: Window, place: number, events: number): Window {
  const { from, to } = window;
  const wide = to - from;
  const edge = wide * 0.08;
  if (place >= from + edge && place <= to - edge) return window;
  const nearEnd = (place < from + edge && from <= 0) || (place > to - edge && to >= events);
  if (nearEnd && place >= from && place <= to) return window;
  return within({ from: place - wide / 2, to: place + wide / 2 }, events);
}
