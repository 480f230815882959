import type { Request } from "../implementation.ts";
import { ProgramError } from "../program-error.ts";
import type { EndSignal } from "../target.ts";

/** Whoever answers requests: a process, a module in a thread of its own, or an object. */
export interface Connection {
  /**
   * Asks several things at once. The answers are as they came, in the order of the requests.
   *
   * @param patience  seconds that it may be silent.
   * @throws Misbehaviour when one of them is not answered, or not in turn, or it is stopped.
   */
  readonly exchange: (
    requests: readonly Request[],
    patience: number,
  ) => Promise<readonly unknown[]>;
  /** Takes an error for what is really behind it: that it has ended, and how. */
  readonly explain: (error: ProgramError) => Promise<ProgramError>;
  /** Ends it; whoever waits for an answer is told. May be called twice. */
  readonly stop: () => Promise<void>;
}

/** Has a signal end something. @returns what takes that back. */
export function onAbort(signal: EndSignal | undefined, end: () => Promise<void>): () => void {
  const act = (): void => void end();
  // Not before whoever asks has what takes it back.
  if (signal?.aborted) queueMicrotask(act);
  signal?.addEventListener("abort", act, { once: true });
  return () => signal?.removeEventListener("abort", act);
}

/** Something that a target does instead of answering. */
export class Misbehaviour extends ProgramError {
  /** Which of the requests that were asked at once is the first without an answer. */
  readonly index: number;
  /** Whether it says nothing for too long; it may be slow, and nothing else. */
  readonly isSilent: boolean;

  constructor(message: string, index: number, isSilent = false) {
    super(message);
    this.index = index;
    this.isSilent = isSilent;
  }
}

/** What a target that says nothing for too long does. */
export function silence(seconds: number, request: Request | undefined, index: number) {
  const asked = request === undefined ? "" : ` ${request.op}`;
  const text = `does not answer${asked} for ${seconds.toString()} s`;
  return new Misbehaviour(text, index, true);
}

/** Why nothing more is heard of a target that was stopped. */
export const stopped = "was stopped";

const longest = 100;

/** What somebody printed or threw, in one line that is not too long. */
export function inOneLine(text: string): string {
  const line = text.split("\n", 1)[0]?.trimEnd() ?? "";
  return line.length > longest ? `${line.slice(0, longest)}…` : line;
}
