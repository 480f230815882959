import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Overview } from "../protocol.ts";
import { marks } from "../protocol.ts";
import type { Colours } from "./colours.ts";
import { coloursOf } from "./colours.ts";
import * as store from "./store.ts";
import { isDark } from "./theme.ts";
import { pixelOf, placeAt } from "./timeline-renderer.ts";
import type { Window } from "./window.ts";
import { within } from "./window.ts";

const height = 34;

interface Strip {
  readonly counts: readonly number[];
  readonly bad: readonly boolean[];
  readonly found: readonly boolean[];
}

function stripOf(overview: Overview, staleLanes: ReadonlySet<number>): Strip {
  const { columns, lanes, counts, marks: seen } = overview;
  const empty = <T,>(value: T): T[] => new Array<T>(columns).fill(value);
  const strip = { counts: empty(0), bad: empty(false), found: empty(false) };
  for (let lane = 0; lane < lanes; lane++) {
    for (let column = 0; column < columns; column++) {
      const at = lane * columns + column;
      if (staleLanes.has(lane)) continue;
      strip.counts[column] = (strip.counts[column] ?? 0) + (counts[at] ?? 0);
      strip.bad[column] ||= ((seen[at] ?? 0) & marks.bad) !== 0;
      strip.found[column] ||= ((seen[at] ?? 0) & marks.finding) !== 0;
    }
  }
  return strip;
}

function draw(
  context: CanvasRenderingContext2D,
  colours: Colours,
  width: number,
  strip: Strip,
  window: Window,
  events: number,
  at: number,
): void {
  const all: Window = { from: 0, to: Math.max(1, events) };
  context.fillStyle = colours.stripe;
  context.fillRect(0, 0, width, height);
  const columns = strip.counts.length;
  const most = Math.max(1, ...strip.counts);
  const across = width / columns;
  for (let column = 0; column < columns; column++) {
    const left = column * across;
    const tall = ((strip.counts[column] ?? 0) / most) * (height - 12);
    context.fillStyle = colours.lanes.cpu;
    context.globalAlpha = 0.45;
    context.fillRect(left, height - tall, Math.max(1, across), tall);
    context.globalAlpha = 1;
    if (strip.bad[column]) {
      context.fillStyle = colours.bad;
      context.fillRect(left, 0, Math.max(2, across), 6);
    }
    if (strip.found[column]) {
      context.fillStyle = colours.finding;
      context.fillRect(left, 6, Math.max(3, across), 6);
    }
  }
  const left = pixelOf(all, width, window.from);
  const right = Math.max(left + 3, pixelOf(all, width, window.to));
  context.fillStyle = colours.window;
  context.globalAlpha = 0.2;
  context.fillRect(left, 0, right - left, height);
  context.globalAlpha = 1;
  context.strokeStyle = colours.window;
  context.strokeRect(left + 0.5, 0.5, right - left - 1, height - 1);
  context.fillStyle = colours.cursor;
  context.fillRect(pixelOf(all, width, at - 0.5) - 0.75, 0, 1.5, height);
}

/** The whole run in one strip, with what is wrong in it, and which part the timeline shows. */
export function Minimap() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useSignal(800);
  useLayoutEffect(() => {
    const of = canvas.current;
    if (of === null) return;
    const observer = new ResizeObserver(() => (width.value = of.clientWidth));
    observer.observe(of);
    return () => observer.disconnect();
  }, [width]);
  useSignalEffect(() => {
    const overview = store.miniature.value.value;
    const lanes = store.log.value?.lanes ?? [];
    const [window, events, at] = [store.shown.value, store.log.value?.events ?? 0, store.at.value];
    const [wide, of] = [width.value, canvas.current];
    void isDark.value;
    const context = of?.getContext("2d");
    if (overview === undefined || of === null || !context) return;
    const scale = globalThis.devicePixelRatio;
    of.width = Math.round(wide * scale);
    of.height = height * scale;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    const stale = new Set(lanes.flatMap(({ kind }, index) => (kind === "stale" ? [index] : [])));
    draw(context, coloursOf(of), wide, stripOf(overview, stale), window, events, at);
  });
  useEffect(() => {
    const of = canvas.current;
    if (of === null) return;
    const move = (event: PointerEvent): void => {
      if ((event.buttons & 1) === 0) return;
      const box = of.getBoundingClientRect();
      const events = store.log.peek()?.events ?? 0;
      const place = placeAt({ from: 0, to: events }, box.width, event.clientX - box.left);
      const half = (store.shown.peek().to - store.shown.peek().from) / 2;
      store.shown.value = within({ from: place - half, to: place + half }, events);
    };
    const down = (event: PointerEvent): void => {
      of.setPointerCapture(event.pointerId);
      move(event);
    };
    of.addEventListener("pointerdown", down);
    of.addEventListener("pointermove", move);
    return () => {
      of.removeEventListener("pointerdown", down);
      of.removeEventListener("pointermove", move);
    };
  }, []);
  return <canvas ref={canvas} class="minimap" aria-hidden="true" />;
}
