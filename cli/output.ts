import { systemReason } from "./input-error.ts";

/** A stream that the program's words go to. */
interface Output {
  readonly on: (name: "error", listener: (error: NodeJS.ErrnoException) => void) => unknown;
  readonly write: (text: string) => unknown;
}

/** What a process has to write to, and how it ends. */
export interface OutputProcess {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly exit: (code: number) => void;
}

/**
 * Ends the process when nobody takes its words. A reader that has seen enough, as in
 * `shadowfold log FILE | head`, is no error; a full disk is one line and exit code 2.
 */
export function watchOutput({ stdout, stderr, exit }: OutputProcess): void {
  let failed = false;
  stdout.on("error", (error) => {
    if (error.code === "EPIPE") exit(0);
    else if (!failed) {
      failed = true;
      stderr.write(`standard output: ${systemReason(error)}\n`);
      exit(2);
    }
  });
  // There is no place left to say what is wrong.
  stderr.on("error", () => exit(2));
}
