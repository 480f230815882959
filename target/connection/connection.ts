import type { Request } from "../implementation.ts";
import { ProgramError } from "../program-error.ts";

/** Whoever answers requests: a process, a module in a thread of its own, or an object. */
export interface Connection {
  /**
   * Asks several things at once. The answers are as they came, in the order of the requests.
   *
   * @param patience  seconds that it may be silent.
   * @throws Misbehaviour when one of them is not answered, or not in turn.
   */
  readonly exchange: (
    requests: readonly Request[],
    patience: number,
  ) => Promise<readonly unknown[]>;
  /** Takes an error for what is really behind it: that it has ended, and how. */
  readonly explain: (error: ProgramError) => Promise<ProgramError>;
  readonly stop: () => Promise<void>;
}

/** Something that a target does instead of answering. */
export class Misbehaviour extends ProgramError {
  /** Which of the requests that were asked at once is the first without an answer. */
  readonly index: number;

  constructor(message: string, index: number) {
    super(message);
    this.index = index;
  }
}

/** What a target that says nothing for too long does. */
export const silent = (seconds: number, request: Request | undefined): string =>
  `does not answer${request === undefined ? "" : ` ${request.op}`} for ${seconds.toString()} s`;

const longest = 100;

/** What somebody printed or threw, in one line that is not too long. */
export function inOneLine(text: string): string {
  const line = text.split("\n", 1)[0]?.trimEnd() ?? "";
  return line.length > longest ? `${line.slice(0, longest)}…` : line;
}
