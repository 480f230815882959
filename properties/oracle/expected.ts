import type { Access } from "../../events/input.ts";
import type { Answers, Expected } from "./answers.ts";
import type { Answer } from "./compose.ts";
import { compose } from "./compose.ts";
import { pasidKey } from "./history.ts";
import type { Oracle, World } from "./oracle.ts";
import { track } from "./oracle.ts";
import { isPasidDirty, pasidValues } from "./pasid-history.ts";
import type { Asked, Resolution } from "./resolve.ts";
import { pasidUnder, resolve, withoutPasidEntry, withPasidEntry } from "./resolve.ts";
import { show } from "./show.ts";
import type { FirstExpected } from "./table-answers.ts";
import { outcomesUnder } from "./table-answers.ts";
import { readThrough } from "./walk.ts";

/** What is right for one access. */
interface OneExpected {
  readonly now: Answer;
  readonly all: readonly Answer[];
  readonly dirty: boolean;
  readonly complete: boolean;
  readonly first: FirstExpected | undefined;
}

/** What is right while translation is off: the P2M alone, at once. */
function untranslated(world: World, page: number, offset: number, asked: Asked): Expected {
  const of = (access: Access): Answer => {
    // With PASID no write is an interrupt.
    const like = asked.pasid === undefined ? access : "read";
    const outcome = readThrough(world.unit, page, like, false);
    return compose(world.memory.p2m, outcome, false, access, offset);
  };
  const answers = { read: of("read"), write: of("write") };
  return { ...answers, pending: false, complete: true, candidates: [answers], kind: "off" };
}

/** Everything that the entries of a request may resolve to. */
function resolutionsOf(
  { unit, histories }: World,
  sid: number,
  asked: Asked,
): { readonly all: readonly Resolution[]; readonly dirty: boolean; readonly complete: boolean } {
  const all: Resolution[] = [];
  const context = histories.contexts.get(sid);
  if (context === undefined) return { all, dirty: false, complete: false };
  let { dirty, complete } = context;
  for (const entry of [...context.values.values(), context.current]) {
    const early = withoutPasidEntry(unit, entry, asked);
    if (early !== undefined) all.push(early);
    if (early !== undefined || entry.kind !== "directory") continue;
    const used = pasidUnder(unit, entry, asked);
    const history = histories.pasids.get(pasidKey(sid, "pasid" in used ? used.pasid : -1));
    if (history === undefined) {
      complete = false;
      continue;
    }
    complete &&= history.complete;
    if (entry === context.current) dirty ||= isPasidDirty(history);
    all.push(...pasidValues(history).map((value) => withPasidEntry(entry, value, asked)));
  }
  return { all, dirty, complete };
}

/** What is right for one access to a byte, as far as it is known. */
function expectedOf(world: World, sid: number, iova: bigint, access: Access, given: Asked) {
  const { unit, histories, memory } = world;
  const offset = Number(iova & 0xfffn);
  const asked = { ...given, execute: access === "read" && given.execute === true };
  const request = { page: Number(iova >> 12n), access, asked };
  const answer = (outcome: Parameters<typeof compose>[1], fpd: boolean): Answer =>
    compose(memory.p2m, outcome, fpd, access, offset);
  const current = resolve(unit, { sid, ...asked }).resolution;
  const under = outcomesUnder(unit, histories, current, request);
  const past = resolutionsOf(world, sid, asked);
  const all = new Map<string, Answer>();
  let { complete } = past;
  const unique = new Map(past.all.map((each) => [show(each), each]));
  const shown = show(current);
  unique.set(shown, current);
  for (const [text, each] of unique) {
    const found = text === shown ? under : outcomesUnder(unit, histories, each, request);
    complete &&= found.complete;
    for (const outcome of found.all) {
      const one = answer(outcome, each.fpd);
      all.set(show(one), one);
    }
  }
  const dirty = past.dirty || under.dirty;
  const now = answer(under.now, current.fpd);
  return { now, all: [...all.values()], dirty, complete, first: under.first, current };
}

/** Candidates of both accesses side by side; the shorter list repeats its last. */
function side(read: OneExpected, write: OneExpected): readonly Answers[] {
  const count = Math.max(read.all.length, write.all.length);
  return Array.from({ length: count }, (_, index) => ({
    read: read.all[Math.min(index, read.all.length - 1)] ?? read.now,
    write: write.all[Math.min(index, write.all.length - 1)] ?? write.now,
  }));
}

/**
 * What is right for a byte of a source-id's address space now. Watches its page from now on, if it
 * did not before.
 *
 * @param iova   in bytes, below 2^64.
 * @param asked  PASID and rights of the request.
 * @returns both accesses; `undefined` where there is no such guest.
 */
export function expected(
  oracle: Oracle,
  guest: number,
  sid: number,
  iova: bigint,
  asked: Asked = {},
): Expected | undefined {
  const page = Number(iova >> 12n);
  const watched = track(oracle, { guest, sid, page, pasid: asked.pasid });
  const world = oracle.worlds[guest];
  if (!world) return undefined;
  const name = `${sid}:${iova}:${asked.pasid}:${asked.privileged}:${asked.execute}`;
  const known = world.answers.get(name);
  if (known !== undefined) return known;
  const found = world.te
    ? translated(world, sid, iova, asked, watched)
    : untranslated(world, page, Number(iova & 0xfffn), asked);
  world.answers.set(name, found);
  return found;
}

function translated(
  world: World,
  sid: number,
  iova: bigint,
  asked: Asked,
  watched: boolean,
): Expected {
  const { replaced } = world.histories;
  const read = expectedOf(world, sid, iova, "read", asked);
  const write = expectedOf(world, sid, iova, "write", asked);
  const complete = watched && read.complete && write.complete;
  const isReplaced = replaced.context || replaced.pasid || replaced.iotlb;
  const pending = read.dirty || write.dirty || isReplaced || !complete;
  const first = read.first && { read: read.first, write: write.first };
  const { current } = read;
  const nested = current.kind === "firstStage" && current.space.second !== undefined;
  return {
    ...{ read: read.now, write: write.now, pending, complete },
    candidates: side(read, write),
    kind: nested ? "nested" : current.kind,
    ...(first === undefined ? {} : { first }),
  };
}
