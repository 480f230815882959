import { createInterface } from "node:readline/promises";
import pc from "picocolors";

/** Wraps text in the codes of a colour, or leaves it as it is. */
export type Colours = ReturnType<typeof pc.createColors>;

/** Where the program's words go. */
export interface Terminal {
  /** Writes text as it is to standard output. */
  readonly out: (text: string) => void;
  /** Writes text as it is to standard error. */
  readonly err: (text: string) => void;
  /** Colours of standard output: none unless it is a terminal and nobody asked for none. */
  readonly colours: Colours;
  /** Whether a progress bar may be drawn on standard error. */
  readonly drawsProgress: boolean;
  /** Whether somebody reads standard output as it comes: a terminal. */
  readonly isInteractive?: boolean;
  /** Asks whoever sits there a question, yes or no; missing where nobody does. */
  readonly confirm?: (question: string) => Promise<boolean>;
}

async function ask(question: string): Promise<boolean> {
  const { stdin: input, stderr: output } = process;
  const lines = createInterface({ input, output });
  try {
    return /^\s*y(es)?\s*$/i.test(await lines.question(`${question} [y/N] `));
  } finally {
    lines.close();
  }
}

/** The terminal of this process. NO_COLOR (any value but empty) and TERM=dumb turn colours off. */
export function processTerminal(): Terminal {
  const { env, stdin, stdout, stderr } = process;
  const plain = (env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb";
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    colours: pc.createColors(stdout.isTTY && !plain),
    drawsProgress: stderr.isTTY && env["TERM"] !== "dumb",
    isInteractive: stdout.isTTY,
    ...(stdin.isTTY && stderr.isTTY && { confirm: ask }),
  };
}
