import { printable } from "../../events/printable.ts";
import type { Terminal } from "../terminal.ts";

/** A word as a shell takes it. */
const quoted = (word: string): string =>
  /^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/**
 * The command that opens a moment of a file, for who sits at a terminal; nothing in a pipe, or when
 * the file came by one.
 */
export function openHint({ isInteractive, colours }: Terminal, file: string, at: number): string {
  if (isInteractive !== true || file === "-") return "";
  const command = `shadowfold debug ${printable(quoted(file))} --at ${at.toString()}`;
  return `\n${colours.dim(`Go on from there: ${command} (in this terminal: --terminal)`)}\n`;
}
