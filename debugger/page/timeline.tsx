import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { canvasTimeline } from "./canvas-timeline.ts";
import { followPointer, HoverLabel } from "./hover-label.tsx";
import * as moves from "./moves.ts";
import { placesOfRows, rowsInView } from "./rows-in-view.ts";
import * as store from "./store.ts";
import { isDark } from "./theme.ts";
import type { TimelineRenderer } from "./timeline-renderer.ts";
import { axisHeight, laneHeight, placeAt } from "./timeline-renderer.ts";
import { within, zoomed } from "./window.ts";

const dragStarts = 4;

/** Draws whenever anything of the picture has changed, once a frame. */
function useDrawing(canvas: RefObject<HTMLCanvasElement | null>, width: { value: number }) {
  const renderer = useRef<TimelineRenderer | undefined>(undefined);
  const frame = useRef(0);
  useLayoutEffect(() => {
    if (canvas.current !== null) renderer.current = canvasTimeline(canvas.current);
  }, [canvas]);
  useSignalEffect(() => {
    const lanes = store.log.value?.lanes ?? [];
    const rows = rowsInView.value.value ?? [];
    const links = store.chain.value.value?.links ?? [];
    const picture = {
      ...{ lanes, rows, links, laneOf: placesOfRows.value },
      window: store.shown.value,
      overview: store.overview.value.value,
      at: store.at.value,
      bookmarks: store.bookmarks.value.map(({ seq }) => seq),
    };
    const size = width.value;
    void isDark.value;
    cancelAnimationFrame(frame.current);
    frame.current = requestAnimationFrame(() => {
      renderer.current?.resize(size, axisHeight + Math.max(1, lanes.length) * laneHeight);
      renderer.current?.draw(picture);
    });
  });
}

function onWheel(event: WheelEvent, element: HTMLElement): void {
  event.preventDefault();
  const events = store.log.peek()?.events ?? 0;
  const window = store.shown.peek();
  const box = element.getBoundingClientRect();
  const isSideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
  if (isSideways) {
    const by = ((event.deltaX || event.deltaY) / box.width) * (window.to - window.from);
    store.shown.value = within({ from: window.from + by, to: window.to + by }, events);
    return;
  }
  const place = placeAt(window, box.width, event.clientX - box.left);
  const by = Math.exp(Math.min(240, Math.max(-240, event.deltaY)) * 0.0022);
  store.shown.value = zoomed(window, place, by, events);
}

/** Goes to the event that is nearest to where somebody clicked. */
async function pick(event: MouseEvent, element: HTMLElement): Promise<void> {
  const window = store.shown.peek();
  const box = element.getBoundingClientRect();
  const place = placeAt(window, box.width, event.clientX - box.left);
  const lane = Math.floor((event.clientY - box.top - axisHeight) / laneHeight);
  const eventsAPixel = (window.to - window.from) / box.width;
  const reach = Math.max(1, eventsAPixel * 6);
  const near = await store.client.ask("nearest", { lane, place, reach });
  const any = near ?? (await store.client.ask("nearest", { lane: -1, place, reach: 1 }));
  if (any !== undefined) moves.select(any);
}

/** Dragging moves the picture; a click that does not drag goes to an event. */
function usePointer(element: RefObject<HTMLDivElement | null>) {
  useEffect(() => {
    const of = element.current;
    if (of === null) return;
    let start: { x: number; from: number; to: number; moved: boolean } | undefined;
    const down = (event: PointerEvent): void => {
      if (event.button !== 0) return;
      start = { x: event.clientX, ...store.shown.peek(), moved: false };
      of.setPointerCapture(event.pointerId);
    };
    const move = (event: PointerEvent): void => {
      if (start === undefined) return;
      const by = event.clientX - start.x;
      if (!start.moved && Math.abs(by) < dragStarts) return;
      start.moved = true;
      const places = (by / of.getBoundingClientRect().width) * (start.to - start.from);
      const events = store.log.peek()?.events ?? 0;
      const window = { from: start.from - places, to: start.to - places };
      store.shown.value = within(window, events);
    };
    const up = (event: PointerEvent): void => {
      if (start !== undefined && !start.moved) void pick(event, of);
      start = undefined;
    };
    const wheel = (event: WheelEvent): void => onWheel(event, of);
    const unfollow = followPointer(of);
    of.addEventListener("pointerdown", down);
    of.addEventListener("pointermove", move);
    of.addEventListener("pointerup", up);
    of.addEventListener("wheel", wheel, { passive: false });
    return () => {
      unfollow();
      of.removeEventListener("pointerdown", down);
      of.removeEventListener("pointermove", move);
      of.removeEventListener("pointerup", up);
      of.removeEventListener("wheel", wheel);
    };
  }, [element]);
}

function useWidth(element: RefObject<HTMLDivElement | null>) {
  const width = useSignal(800);
  useLayoutEffect(() => {
    const of = element.current;
    if (of === null) return;
    const observer = new ResizeObserver(() => {
      width.value = of.clientWidth;
      store.columns.value = Math.max(100, of.clientWidth);
    });
    observer.observe(of);
    return () => observer.disconnect();
  }, [element, width]);
  return width;
}

/** What the event that one is at is called, for who does not see it. */
const spoken = (): string => {
  const row = store.current.value.value?.[0];
  if (row === undefined) return `event ${store.at.value.toString()}`;
  return `event ${row.seq.toString()}: ${row.type} ${row.text}`.slice(0, 300);
};

/** The whole run as lanes, from all of it down to one event. */
export function Timeline() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const surface = useRef<HTMLDivElement>(null);
  const width = useWidth(surface);
  useDrawing(canvas, width);
  usePointer(surface);
  const text = useComputed(spoken);
  const lanes = store.log.value?.lanes ?? [];
  const height = axisHeight + Math.max(1, lanes.length) * laneHeight;
  return (
    <section class="timeline" aria-label="Timeline">
      <ul class="lane-names">
        {lanes.map(({ key, name, kind }) => (
          <li key={key}>
            <span class={`dot lane-${kind}`} aria-hidden="true" />
            {kind === "stale" ? (
              <button
                type="button"
                class="event-link"
                title="Something changed and is not announced: State lists what"
                onClick={() => moves.show("state")}
              >
                {name}
              </button>
            ) : (
              name
            )}
          </li>
        ))}
      </ul>
      <div
        ref={surface}
        class="surface"
        style={{ height: `${height.toString()}px` }}
        role="slider"
        tabIndex={0}
        aria-label="Event of the run"
        aria-valuemin={0}
        aria-valuemax={store.log.value?.events ?? 0}
        aria-valuenow={store.at.value}
        aria-valuetext={text.value}
      >
        <canvas ref={canvas} aria-hidden="true" />
        <HoverLabel />
      </div>
    </section>
  );
}
