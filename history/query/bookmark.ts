import { parseJson } from "../../events/json.ts";
import type { Timeline } from "../timeline/timeline.ts";
import type { Handle } from "./handle.ts";
import { formatHandle, parseHandle } from "./handle.ts";

/** A place that somebody wants to come back to, and what they noted about it. */
export interface Bookmark {
  readonly name: string;
  /** The event after which one is there. */
  readonly at: number;
  /** What the note is about, if it is about something. */
  readonly about: Handle | undefined;
  readonly note: string;
}

/** Bookmarks in the order of their events; those of one event in the order in which they came. */
export type Bookmarks = readonly Bookmark[];

/** The bookmarks with one more, or with another of its name. */
export const withBookmark = (bookmarks: Bookmarks, bookmark: Bookmark): Bookmarks =>
  [...withoutBookmark(bookmarks, bookmark.name), bookmark].sort((a, b) => a.at - b.at);

export const withoutBookmark = (bookmarks: Bookmarks, name: string): Bookmarks =>
  bookmarks.filter((one) => one.name !== name);

/** The bookmarks of events that a timeline has. */
export const bookmarksIn = ({ end }: Timeline, bookmarks: Bookmarks): Bookmarks =>
  bookmarks.filter(({ at }) => at <= end.seq);

/** Bookmarks as one line of JSON each. */
export const bookmarkLines = (bookmarks: Bookmarks): readonly string[] =>
  bookmarks.map(({ name, at, about, note }) =>
    JSON.stringify({
      bookmark: name,
      at,
      ...(about === undefined ? {} : { about: formatHandle(about) }),
      note,
    }),
  );

/** A line that is no bookmark: why. */
export class BookmarkError extends Error {}

/** The bookmark of a line. @throws BookmarkError */
export function readBookmark(line: string): Bookmark {
  let value: unknown;
  try {
    value = parseJson(line);
  } catch {
    throw new BookmarkError("not JSON");
  }
  const { bookmark: name, at, about, note } = { ...(value as Record<string, unknown>) };
  if (typeof name !== "string" || name === "") throw new BookmarkError("bookmark: expected a name");
  if (typeof at !== "number" || !Number.isSafeInteger(at) || at < 0) {
    throw new BookmarkError("at: expected the number of an event");
  }
  if (typeof note !== "string") throw new BookmarkError("note: expected text");
  const handle = typeof about === "string" ? parseHandle(about) : undefined;
  if (about !== undefined && handle === undefined) {
    throw new BookmarkError("about: expected a handle, like event:12");
  }
  return { name, at, about: handle, note };
}
