import type { Access } from "../../events/input.ts";
import type { Answer } from "./compose.ts";
import { compose } from "./compose.ts";

import { pageKey } from "./history.ts";
import type { Oracle, World } from "./oracle.ts";
import { track } from "./oracle.ts";
import type { Context, PageValue } from "./walk.ts";
import { readContext, readThrough, walkTables } from "./walk.ts";

/** Both accesses to one byte. */
export interface Answers {
  readonly read: Answer;
  readonly write: Answer;
}

/**
 * What is right for one key. `candidates` are the answers that the guest's tables have given since
 * the last invalidations that cover the key, behind the P2M of now; `complete` says that none of
 * them was missed.
 */
export interface Expected extends Answers {
  readonly pending: boolean;
  readonly complete: boolean;
  readonly candidates: readonly Answers[];
}

/** Both outcomes of one page under one context, with tables as they are now. */
function valueNow(world: World, context: Context, page: number): PageValue {
  const { unit } = world;
  const of = (access: Access) => {
    if (access === "write" && page >= 0xfee00 && page <= 0xfeeff) {
      return { kind: "interrupt" } as const;
    }
    if (context.kind === "fault") return context;
    if (context.kind === "passThrough") return readThrough(unit, page, access, true);
    return walkTables(unit, context, page, access).outcome;
  };
  return { read: of("read"), write: of("write") };
}

function answer(world: World, value: PageValue, fpd: boolean, offset: number): Answers {
  const of = (access: Access) => compose(world.memory.p2m, value[access], fpd, access, offset);
  return { read: of("read"), write: of("write") };
}

/**
 * Each value that one context has had for a page since the last IOTLB invalidation that covers it.
 */
function valuesOf(world: World, context: Context, page: number): readonly PageValue[] {
  const now = valueNow(world, context, page);
  if (context.kind !== "tables") return [now];
  const history = world.histories.pages.get(pageKey(context, page));
  if (page >= 0xfee00 && page <= 0xfeeff) {
    return [...(history?.values.values() ?? [now])].map(({ read }) => ({ read, write: now.write }));
  }
  return history ? [...history.values.values()] : [now];
}

/** What is right while translation is off: the P2M alone, at once. */
function untranslated(world: World, page: number, offset: number): Expected {
  const read = readThrough(world.unit, page, "read", false);
  const write = readThrough(world.unit, page, "write", false);
  const answers = answer(world, { read, write }, false, offset);
  return { ...answers, pending: false, complete: true, candidates: [answers] };
}

/**
 * What is right for a byte of a source-id's address space now. Watches its page from now on, if it
 * did not before.
 *
 * @param iova  in bytes, below 2^64.
 * @returns both accesses; `undefined` where there is no such guest.
 */
export function expected(
  oracle: Oracle,
  guest: number,
  sid: number,
  iova: bigint,
): Expected | undefined {
  const page = Number(iova >> 12n);
  const offset = Number(iova & 0xfffn);
  const watched = track(oracle, { guest, sid, page });
  const world = oracle.worlds[guest];
  if (!world) return undefined;
  if (!world.te) return untranslated(world, page, offset);

  const { replaced, contexts, pages } = world.histories;
  const { context } = readContext(world.unit, sid);
  const past = contexts.get(sid);
  const tables = context.kind === "tables" ? pages.get(pageKey(context, page)) : undefined;
  const answers = answer(world, valueNow(world, context, page), context.fpd, offset);
  const candidates = [...(past?.values.values() ?? [context])].flatMap((was) =>
    valuesOf(world, was, page).map((value) => answer(world, value, was.fpd, offset)),
  );
  const contextsPast = [...(past?.values.values() ?? [])];
  const pagesComplete = contextsPast.every(
    (was) => was.kind !== "tables" || pages.get(pageKey(was, page))?.complete !== false,
  );
  const complete = watched && past?.complete === true && pagesComplete;
  const changed = past?.dirty === true || tables?.dirtyLeaf === true || tables?.dirtyUpper === true;
  const pending = changed || replaced.context || replaced.iotlb || !complete;
  return { ...answers, pending, complete, candidates };
}
