import type { Overview } from "../protocol.ts";
import { marks } from "../protocol.ts";
import type { Drawing } from "./canvas-marks.ts";
import { drawCursor, drawLink } from "./canvas-marks.ts";
import { coloursOf } from "./colours.ts";
import type { TimelineRenderer } from "./timeline-renderer.ts";
import { axisHeight, laneHeight, pixelOf } from "./timeline-renderer.ts";

/** Round distances between the marks of an axis, about so many pixels apart. */
function spacing(events: number, width: number): number {
  const rough = (events * 110) / Math.max(1, width);
  const power = 10 ** Math.floor(Math.log10(Math.max(1, rough)));
  return [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough) ?? 10 * power;
}

function drawAxis({ context, colours, width, picture, height }: Drawing): void {
  const { window } = picture;
  const cursor = pixelOf(window, width, picture.at - 0.5);
  const each = Math.max(1, spacing(window.to - window.from, width));
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  for (let seq = Math.ceil((window.from + 1) / each) * each; seq <= window.to; seq += each) {
    const x = Math.round(pixelOf(window, width, seq - 0.5)) + 0.5;
    context.strokeStyle = colours.rule;
    context.beginPath();
    context.moveTo(x, axisHeight);
    context.lineTo(x, height);
    context.stroke();
    context.fillStyle = colours.faint;
    const text = seq.toLocaleString("en-US");
    const end = x + 3 + context.measureText(text).width;
    if (end > width || (cursor > x - 4 && cursor < end + 6)) continue;
    context.fillText(text, x + 3, axisHeight / 2);
  }
}

function drawStripes({ context, colours, width, picture }: Drawing): void {
  context.fillStyle = colours.stripe;
  for (let lane = 0; lane < picture.lanes.length; lane += 2) {
    context.fillRect(0, axisHeight + lane * laneHeight, width, laneHeight);
  }
}

/** How high a column is that stands for some events: a few are seen, many do not hide others. */
const heightOf = (count: number, most: number): number =>
  Math.max(0.28, Math.min(1, Math.log2(1 + count) / Math.log2(1 + most)));

function mostOf({ counts, columns }: Overview, lane: number): number {
  let most = 1;
  for (let column = 0; column < columns; column++) {
    most = Math.max(most, counts[lane * columns + column] ?? 0);
  }
  return most;
}

function drawLane(drawing: Drawing, overview: Overview, lane: number): void {
  const { context, colours, width, picture } = drawing;
  const { columns, counts, marks: seen } = overview;
  const kind = picture.lanes[lane]?.kind ?? "cpu";
  const most = mostOf(overview, lane);
  const wide = (overview.to - overview.from) / columns;
  const eventWidth = width / (picture.window.to - picture.window.from);
  const top = axisHeight + lane * laneHeight + 3;
  const room = laneHeight - 6;
  for (let column = 0; column < columns; column++) {
    const at = lane * columns + column;
    const count = counts[at] ?? 0;
    const mark = seen[at] ?? 0;
    if (count === 0 && mark === 0) continue;
    const left = pixelOf(picture.window, width, overview.from + column * wide);
    const right = pixelOf(picture.window, width, overview.from + (column + 1) * wide);
    if (right < 0 || left > width) continue;
    const isBad = (mark & marks.bad) !== 0;
    const tall = isBad ? room : room * heightOf(count, most);
    const gap = eventWidth > 5 ? 1.5 : eventWidth > 2 ? 0.5 : 0;
    // Where columns are finer than events, an event is as wide as it is.
    const own = wide < 1 && kind !== "stale" ? eventWidth : right - left;
    const across = Math.max(isBad ? 1.5 : 1, own - gap);
    context.fillStyle = isBad ? colours.bad : colours.lanes[kind];
    context.fillRect(left, top + room - tall, across, tall);
    if ((mark & marks.finding) === 0) continue;
    context.fillStyle = colours.finding;
    context.beginPath();
    context.moveTo(left + across / 2 - 4, top - 3);
    context.lineTo(left + across / 2 + 4, top - 3);
    context.lineTo(left + across / 2, top + 5);
    context.fill();
  }
}

function drawNames({ context, picture, width, colours }: Drawing): void {
  const { window } = picture;
  const eventWidth = width / (window.to - window.from);
  if (eventWidth < 46) return;
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  for (const row of picture.rows) {
    const lane = picture.laneOf.get(row.seq);
    if (lane === undefined) continue;
    const left = pixelOf(window, width, row.seq - 1);
    const top = axisHeight + lane * laneHeight;
    context.save();
    context.beginPath();
    context.rect(left, top, eventWidth - 3, laneHeight);
    context.clip();
    context.fillStyle = colours.back;
    context.fillText(row.type, left + 4, top + laneHeight / 2 + 0.5);
    context.restore();
  }
}

/** Draws a run on a canvas. */
export function canvasTimeline(canvas: HTMLCanvasElement): TimelineRenderer {
  const context = canvas.getContext("2d");
  let [width, height, scaled] = [0, 0, 0];
  return {
    resize(wide, high) {
      const scale = globalThis.devicePixelRatio;
      // A canvas that is given its size again is made anew, and empty.
      if (width === wide && height === high && scaled === scale) return;
      [width, height, scaled] = [wide, high, scale];
      canvas.width = Math.max(1, Math.round(wide * scale));
      canvas.height = Math.max(1, Math.round(high * scale));
    },
    draw(picture) {
      if (context === null) return;
      const scale = globalThis.devicePixelRatio;
      const colours = coloursOf(canvas);
      const drawing: Drawing = { context, colours, width, height, picture };
      context.setTransform(scale, 0, 0, scale, 0, 0);
      context.fillStyle = colours.back;
      context.fillRect(0, 0, width, height);
      drawStripes(drawing);
      drawAxis(drawing);
      const { overview } = picture;
      if (overview !== undefined) {
        for (let lane = 0; lane < overview.lanes; lane++) drawLane(drawing, overview, lane);
      }
      drawNames(drawing);
      for (const { from, to } of picture.links) drawLink(drawing, from, to);
      drawCursor(drawing);
    },
  };
}
