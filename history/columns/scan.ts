import type { Chunk } from "./chunk.ts";
import { chunkEvents } from "./chunk.ts";
import type { Columns } from "./columns.ts";

/** Where to look: both ends are among it; backwards if `to` is before `from`. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** What is looked for: first whether a chunk can have it at all. */
export interface Wanted {
  /** False where the chunk certainly has none. */
  readonly mayBeIn: (chunk: Chunk) => boolean;
  readonly isAt: (chunk: Chunk, at: number, seq: number) => boolean;
}

/** The next event that is wanted, in the order of the span; `undefined` where there is none. */
export function scan(columns: Columns, { from, to }: Span, wanted: Wanted): number | undefined {
  const { chunks, count } = columns;
  const step = to < from ? -1 : 1;
  const last = Math.min(count, Math.max(1, to));
  let seq = Math.min(Math.max(1, from), step < 0 ? count : Number.POSITIVE_INFINITY);
  while (step > 0 ? seq <= last : seq >= last) {
    const number = Math.floor((seq - 1) / chunkEvents);
    const base = number * chunkEvents + 1;
    const chunk = chunks[number];
    if (chunk === undefined) return undefined;
    const edge = step > 0 ? Math.min(base + chunk.count - 1, last) : Math.max(base, last);
    if (wanted.mayBeIn(chunk)) {
      for (; step > 0 ? seq <= edge : seq >= edge; seq += step) {
        if (wanted.isAt(chunk, seq - base, seq)) return seq;
      }
    }
    seq = edge + step;
  }
  return undefined;
}

/** All of them, in the order of the span. */
export function* scanAll(columns: Columns, span: Span, wanted: Wanted): Generator<number, void> {
  const step = span.to < span.from ? -1 : 1;
  let { from } = span;
  for (;;) {
    const found = scan(columns, { from, to: span.to }, wanted);
    if (found === undefined) return;
    yield found;
    if (found === span.to) return;
    from = found + step;
    if (from < 1) return;
  }
}
