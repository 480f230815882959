import type { Colours } from "./colours.ts";
import type { TimelinePicture } from "./timeline-renderer.ts";
import { axisHeight, laneHeight, pixelOf } from "./timeline-renderer.ts";

/** What is drawn, and on what. */
export interface Drawing {
  readonly context: CanvasRenderingContext2D;
  readonly colours: Colours;
  readonly width: number;
  readonly height: number;
  readonly picture: TimelinePicture;
}

/** An arrow from an event to one that it led to. */
export function drawLink(drawing: Drawing, from: number, to: number): void {
  const { context, colours, width, picture } = drawing;
  const [a, b] = [picture.laneOf.get(from), picture.laneOf.get(to)];
  if (a === undefined || b === undefined) return;
  const middle = axisHeight + laneHeight / 2;
  const [x, y] = [pixelOf(picture.window, width, from - 0.5), middle + a * laneHeight];
  const [u, v] = [pixelOf(picture.window, width, to - 0.5), middle + b * laneHeight];
  if (Math.max(x, u) < -2000 || Math.min(x, u) > width + 2000) return;
  const bend = Math.max(14, Math.abs(u - x) * 0.4);
  context.strokeStyle = colours.back;
  context.lineWidth = 5;
  const trace = (): void => {
    context.beginPath();
    context.moveTo(x, y);
    context.bezierCurveTo(x + bend, y, u - bend, v, u, v);
    context.stroke();
  };
  trace();
  context.strokeStyle = colours.arrow;
  context.fillStyle = colours.arrow;
  context.lineWidth = 2;
  trace();
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(u + 1, v);
  context.lineTo(u - 8, v - 4.5);
  context.lineTo(u - 8, v + 4.5);
  context.fill();
  context.beginPath();
  context.arc(x, y, 3.5, 0, Math.PI * 2);
  context.fill();
}

/** Marks the event that one is at, and those that somebody marked. */
export function drawCursor({ context, colours, width, height, picture }: Drawing): void {
  const { window, at } = picture;
  for (const seq of picture.bookmarks) {
    const x = pixelOf(window, width, seq - 0.5);
    context.fillStyle = colours.finding;
    context.fillRect(x - 2, 0, 4, 7);
  }
  const left = pixelOf(window, width, at - 1);
  const right = pixelOf(window, width, at);
  if (right < 0 || left > width) return;
  const x = (left + right) / 2;
  context.globalAlpha = 0.16;
  context.fillStyle = colours.cursor;
  context.fillRect(left, axisHeight, Math.max(1, right - left), height - axisHeight);
  context.globalAlpha = 1;
  context.fillRect(Math.round(x) - 0.75, axisHeight - 4, 1.5, height);
  context.beginPath();
  context.moveTo(x - 6, axisHeight - 9);
  context.lineTo(x + 6, axisHeight - 9);
  context.lineTo(x, axisHeight);
  context.fill();
}
