import { signal } from "@preact/signals";
import { rowsInView } from "./rows-in-view.ts";
import * as store from "./store.ts";
import { placeAt } from "./timeline-renderer.ts";

/** Where the pointer is over the timeline, in its pixels. */
const hover = signal<{ x: number; width: number } | undefined>(undefined);

/** Follows the pointer over an element. @returns what ends that. */
export function followPointer(element: HTMLElement): () => void {
  const move = (event: PointerEvent): void => {
    const box = element.getBoundingClientRect();
    hover.value = { x: event.clientX - box.left, width: box.width };
  };
  const leave = (): void => {
    hover.value = undefined;
  };
  element.addEventListener("pointermove", move);
  element.addEventListener("pointerleave", leave);
  return () => {
    element.removeEventListener("pointermove", move);
    element.removeEventListener("pointerleave", leave);
  };
}

/** What is under the pointer: an event where they have room, else about which one. */
export function HoverLabel() {
  const over = hover.value;
  const events = store.log.value?.events ?? 0;
  if (over === undefined || events === 0) return null;
  const seq = Math.floor(placeAt(store.shown.value, over.width, over.x)) + 1;
  if (seq < 1 || seq > events) return null;
  const row = rowsInView.value.value?.find((one) => one.seq === seq);
  const isRight = over.x > over.width * 0.7;
  const place = isRight
    ? { right: `${(over.width - over.x + 10).toString()}px` }
    : { left: `${(over.x + 12).toString()}px` };
  return (
    <div class="hover-label" style={place} aria-hidden="true">
      <strong>{seq.toLocaleString("en-US")}</strong>{" "}
      {row !== undefined && `${row.type} ${row.text.slice(0, 90)}`}
    </div>
  );
}
