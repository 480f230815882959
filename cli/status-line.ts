import type { Terminal } from "./terminal.ts";

/** One line on standard error that is written over again and again. */
export interface StatusLine {
  /** Says something else; shown at once. */
  readonly say: (text: string) => void;
  /** Takes the line away. */
  readonly done: () => void;
}

const redrawMs = 200;
const wipe = "\r\u001b[K";

/**
 * A line that says what goes on and for how many seconds, if standard error is a terminal; nothing
 * otherwise. It is taken away when the process ends, too.
 */
export function startStatus(terminal: Terminal): StatusLine {
  if (!terminal.drawsProgress) return { say: () => undefined, done: () => undefined };
  const start = performance.now();
  let text = "";
  const draw = (): void => {
    if (text === "") return;
    const seconds = Math.floor((performance.now() - start) / 1000).toString();
    terminal.err(`${wipe}${text} · ${seconds} s`);
  };
  const timer = setInterval(draw, redrawMs);
  timer.unref();
  const clear = (): void => terminal.err(wipe);
  process.once("exit", clear);
  return {
    say: (said) => {
      text = said;
      draw();
    },
    done: () => {
      clearInterval(timer);
      process.off("exit", clear);
      clear();
    },
  };
}
