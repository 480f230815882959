/** An event that somebody marked. */
export interface Bookmark {
  readonly seq: number;
  readonly text: string;
}

const keyOf = (name: string): string => `shadowfold bookmarks ${name.slice(0, 200)}`;

/** The marks of a log of this name, where the browser keeps any. */
export function readBookmarks(name: string): readonly Bookmark[] {
  try {
    const kept = globalThis.localStorage.getItem(keyOf(name)) ?? "";
    return kept.split("\n").flatMap((row) => {
      const [, seq, text = ""] = /^(\d{1,15}) ?(.{0,200})$/.exec(row) ?? [];
      return seq === undefined ? [] : [{ seq: Number(seq), text }];
    });
  } catch {
    // A page from a file may have nothing to keep them in.
    return [];
  }
}

/** Keeps the marks of a log. */
export function writeBookmarks(name: string, marks: readonly Bookmark[]): void {
  try {
    const rows = marks.map(({ seq, text }) => `${seq.toString()} ${text}`);
    globalThis.localStorage.setItem(keyOf(name), rows.join("\n"));
  } catch {
    // They last as long as the page does.
  }
}
