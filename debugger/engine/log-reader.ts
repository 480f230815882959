import type { Input } from "../../events/input.ts";
import { parseEvent, parseHeader } from "../../events/log/log.ts";
import { isEnd } from "../../events/log/log-end.ts";
import { LogError } from "../../events/log/log-error.ts";
import { openRecording } from "../../events/log/recording.ts";
import type { Setup } from "../../events/setup.ts";

/** A log or a recording whose first line was read. */
export interface LogReader {
  readonly kind: "log" | "recording";
  readonly setup: Setup;
  /** The inputs of a further line. @throws LogError */
  readonly read: (line: string, number: number) => readonly Input[];
}

/** Opens what the first line says. @throws LogError when it is neither. */
export function openLog(first: string): LogReader {
  const line = first.replace(/^\uFEFF/, "");
  if (/^\s*\{\s*"recording"/.test(line)) {
    const { setup, read } = openRecording(line);
    return { kind: "recording", setup, read };
  }
  const { setup, version } = parseHeader(line);
  let after = 0;
  let hasEnded = false;
  const read = (text: string, number: number): readonly Input[] => {
    if (hasEnded) throw new LogError(number, "a line after the log's end");
    hasEnded = isEnd(text, number, after);
    if (hasEnded) return [];
    const event = parseEvent(text, number, after, version);
    after = event.seq;
    return "input" in event ? [event.input] : [];
  };
  return { kind: "log", setup, read };
}
