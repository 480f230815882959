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

const signals = ["SIGINT", "SIGTERM"] as const;

/**
 * Starts to draw. The bar hides the cursor and turns off the wrapping of lines, so a signal that
 * ends the program takes the bar away first.
 *
 * @param isHeld  whether somebody else ends the program by himself when a signal comes.
 * @returns the bar's next length, 0 to 1, and its end.
 */
function startBar(
  label: string,
  isHeld: boolean,
): { update: (fraction: number) => void; stop: () => void } {
  const bar = new SingleBar(
    {
      format: `${label} {bar} {percentage}%`,
      stream: process.stderr,
      clearOnComplete: true,
      hideCursor: true,
    },
    Presets.shades_classic,
  );
  const stop = (): void => {
    for (const name of signals) process.off(name, end);
    bar.stop();
  };
  // The exit code of a program that a signal ends: 128 and its number.
  const end = (signal: NodeJS.Signals): void => {
    stop();
    process.exit(signal === "SIGINT" ? 130 : 143);
  };
  if (!isHeld) for (const name of signals) process.on(name, end);
  bar.start(steps, 0);
  return { update: (fraction) => bar.update(Math.round(fraction * steps)), stop };
}

/**
 * A bar on standard error if that is a terminal; nothing otherwise.
 *
 * @param isHeld  whether somebody else ends the program by himself when a signal comes.
 */
export function startProgress(terminal: Terminal, label: string, isHeld = false): Progress {
  if (!terminal.drawsProgress) return { at: () => undefined, done: () => undefined };
  const start = performance.now();
  let drawn = start;
  let bar: ReturnType<typeof startBar> | undefined;
  const at = (fraction: number | undefined): void => {
    const now = performance.now();
    if (fraction === undefined || now - start < patienceMs || now - drawn < redrawMs) return;
    drawn = now;
    bar ??= startBar(label, isHeld);
    bar.update(fraction);
  };
  return { at, done: () => bar?.stop() };
}
