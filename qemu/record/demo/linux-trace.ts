import { traceMark } from "./guest-script.ts";

/** The text of Linux's trace that a demo guest wrote among the lines of its console. */
export function linuxTraceIn(console: string): string {
  const lines = console.split(/\r?\n/).flatMap((line) => {
    const at = line.indexOf(traceMark);
    return at < 0 ? [] : [`${line.slice(at + traceMark.length)}\n`];
  });
  return lines.join("");
}
