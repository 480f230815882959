import { InputError } from "./input-error.ts";
import type { Terminal } from "./terminal.ts";

/** One run of the program: where it writes, and how it will end. */
export interface Run {
  readonly terminal: Terminal;
  /** Says in one line on standard error what is wrong with the input; the exit code will be 2. */
  readonly fail: (error: InputError) => void;
  /** Something differs from what was recorded, or a law is violated: the exit code will be 1. */
  readonly differ: () => void;
  /** Somebody ended it early, and nothing else is to be said: the exit code will be 130. */
  readonly interrupt: () => void;
  /** The error itself when it is about the input; anything else is thrown on. */
  readonly asInputError: (error: unknown) => InputError;
  /** 0, 1, 2 or 130. A bad input outweighs a difference. */
  readonly exitCode: () => number;
}

const interruptCode = 130;

/** A run that has nothing to complain about yet. */
export function startRun(terminal: Terminal): Run {
  let code = 0;
  return {
    terminal,
    fail: (error) => {
      terminal.err(`${error.message}\n`);
      code = 2;
    },
    differ: () => {
      code = Math.max(code, 1);
    },
    interrupt: () => {
      if (code === 0) code = interruptCode;
    },
    asInputError: (error) => {
      if (error instanceof InputError) return error;
      throw error;
    },
    exitCode: () => code,
  };
}
