import type { Setup } from "../../events/setup.ts";
import type { Bookmarks } from "../../history/query/bookmark.ts";
import type { ReadyStop } from "../../history/stop/stop.ts";
import type { Timeline } from "../../history/timeline/timeline.ts";
import type { Branch } from "../../history/what-if/branch.ts";
import type { HistoryFile } from "../history-file.ts";
import type { Terminal } from "../terminal.ts";

/** A stop that somebody set, by the number that they take it away with. */
export interface NumberedStop {
  readonly number: number;
  readonly ready: ReadyStop;
}

/** Somebody going through a log: where they are, and what they set. */
export interface Session {
  readonly terminal: Terminal;
  readonly file: string;
  readonly setup: Setup;
  /** The file's own timeline. */
  readonly base: Timeline;
  /** What is gone through: the file's own, or that of a branch. */
  timeline: Timeline;
  branch: Branch | undefined;
  /** The event after which one is; 0 is the start. */
  at: number;
  stops: readonly NumberedStop[];
  /** What the next stop is called. */
  nextStop: number;
  bookmarks: Bookmarks;
}

/** A session at the start of a file, or at an event of it, at most the last one. */
export function startSession(
  terminal: Terminal,
  file: string,
  { setup, timeline }: HistoryFile,
  at = 0,
): Session {
  return {
    terminal,
    file,
    setup,
    base: timeline,
    timeline,
    branch: undefined,
    at: Math.min(Math.max(0, at), timeline.end.seq),
    stops: [],
    nextStop: 1,
    bookmarks: [],
  };
}

/** What a verb came to: data for a program, and the same for people. */
export interface Said {
  readonly data: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** A verb that cannot be carried out: why, in one line. */
export class VerbError extends Error {}

/** Something that a session can be told. */
export interface Verb {
  readonly name: string;
  /** Other names, short ones first. */
  readonly also: readonly string[];
  /** What stands after the name. */
  readonly usage: string;
  readonly summary: string;
  /**
   * @param words  what stands after the name, by words; `rest` is the same as it was written.
   * @throws VerbError, StopError, ExpressionError, EditError or InvalidArgumentError, in one line.
   */
  readonly run: (session: Session, words: readonly string[], rest: string) => Said;
  /** Words that may come next. */
  readonly complete?: (session: Session, words: readonly string[]) => readonly string[];
}
