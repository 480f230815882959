import { InputError } from "./input-error.ts";
import type { Terminal } from "./terminal.ts";

/** One run of the program: where it writes, and how it will end. */
export interface Run {
  readonly terminal: Terminal;
  /** Says in one line on standard error what is wrong with the input; the exit code will be 2. */
  readonly fail: (error: InputError) => void;
  /** Something differs from what was recorded, or a law is violated: the exit code will be 1. */
  readonly differ: () => void;
  /** Nothing could be judged of something that was to be: the exit code will be 3. */
  readonly learnNothing: () => void;
  /** Somebody ended it early: the exit code will be 130 where nothing else is to be said. */
  readonly interrupt: () => void;
  /** The error itself when it is about the input; anything else is thrown on. */
  readonly asInputError: (error: unknown) => InputError;
  /**
   * 0, 1, 2, 3 or 130. A bad input outweighs a difference, that outweighs what could not be judged,
   * and that an early end.
   */
  readonly exitCode: () => number;
}

/** What a run may come to, by its exit code; the first that was noted is how it ends. */
const endings = [2, 1, 3, 130] as const;

/** A run that has nothing to complain about yet. */
export function startRun(terminal: Terminal): Run {
  const noted = new Set<(typeof endings)[number]>();
  const note = (code: (typeof endings)[number]) => (): void => {
    noted.add(code);
  };
  return {
    terminal,
    fail: (error) => {
      terminal.err(`${error.message}\n`);
      noted.add(2);
    },
    differ: note(1),
    learnNothing: note(3),
    interrupt: note(130),
    asInputError: (error) => {
      if (error instanceof InputError) return error;
      throw error;
    },
    exitCode: () => endings.find((code) => noted.has(code)) ?? 0,
  };
}
