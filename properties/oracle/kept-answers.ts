import type { Expected } from "./answers.ts";
import type { Kept } from "./kept.ts";
import type { P2m } from "./p2m.ts";
import type { Resolved } from "./resolve.ts";

/** The answer to a question, where nothing has changed that it may depend on. */
export function keptAnswer(
  { answers, epoch, sources, pages }: Kept,
  name: string,
  key: { readonly sid: number; readonly page: number },
  { changed }: P2m,
): Expected | undefined {
  const known = answers.get(name);
  if (known === undefined || known.epoch !== epoch) return undefined;
  if (known.source !== (sources.get(key.sid) ?? 0)) return undefined;
  if (known.page !== (pages.get(key.page) ?? 0)) return undefined;
  for (; known.moves < changed.length; known.moves++) {
    const [first, end] = changed[known.moves] ?? [0, 0];
    if (known.frames.some((gfn) => gfn >= first && gfn < end)) return undefined;
  }
  return known.expected;
}

/** Keeps an answer as long as nothing changes that it may depend on. */
export function keepAnswer(
  { answers, epoch, sources, pages }: Kept,
  name: string,
  key: { readonly sid: number; readonly page: number },
  p2m: P2m,
  expected: Expected,
): void {
  const frames = [...(p2m.asked ?? [])];
  const [source, page] = [sources.get(key.sid) ?? 0, pages.get(key.page) ?? 0];
  answers.set(name, { expected, epoch, source, page, moves: p2m.changed.length, frames });
}

/** What the entries of a request resolved to, where nothing has changed of them. */
export function keptResolved(kept: Kept, name: string, sid: number): Resolved | undefined {
  const known = kept.resolved.get(name);
  const isRight = known?.epoch === kept.epoch && known.source === (kept.sources.get(sid) ?? 0);
  return isRight ? known.resolved : undefined;
}

/** Keeps what the entries of a request resolved to as long as nothing changes of them. */
export function keepResolved(kept: Kept, name: string, sid: number, resolved: Resolved): void {
  const { epoch, sources } = kept;
  kept.resolved.set(name, { resolved, epoch, source: sources.get(sid) ?? 0 });
}
