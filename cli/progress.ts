import { Presets, SingleBar } from "cli-progress";
import type { Terminal } from "./terminal.ts";

/** A bar that appears once the work takes longer than a second. */
export interface Progress {
  /** Says how far the work is, 0 to 1; `undefined` where nobody knows. */
  readonly at: (fraction: number | undefined) => void;
  /** Takes the bar away. */
  readonly done: () => void;
}

const patienceMs = 1000;
const redrawMs = 100;
const steps = 1000;

/** A bar on standard error if that is a terminal; nothing otherwise. */
export function startProgress(terminal: Terminal, label: string): Progress {
  if (!terminal.drawsProgress) return { at: () => undefined, done: () => undefined };
  const start = performance.now();
  let drawn = start;
  let bar: SingleBar | undefined;
  const at = (fraction: number | undefined): void => {
    const now = performance.now();
    if (fraction === undefined || now - start < patienceMs || now - drawn < redrawMs) return;
    drawn = now;
    if (bar === undefined) {
      const format = `${label} {bar} {percentage}%`;
      bar = new SingleBar(
        { format, stream: process.stderr, clearOnComplete: true, hideCursor: true },
        Presets.shades_classic,
      );
      bar.start(steps, 0);
    }
    bar.update(Math.round(fraction * steps));
  };
  return { at, done: () => bar?.stop() };
}
