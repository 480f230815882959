/** Something that is worked out bit by bit, so that others have their turn meanwhile. */
export type Long<T> = Generator<void, T, void>;

/** What it comes to, at once. */
export function atOnce<T>(long: Generator<unknown, T, void>): T {
  for (;;) {
    const next = long.next();
    if (next.done === true) return next.value;
  }
}
