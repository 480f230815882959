import { sampleContext } from "./context-history.ts";
import { sampleFirst } from "./first-history.ts";
import type { Histories } from "./history.ts";
import { reads, sample, secondOf, watchPages } from "./history.ts";
import type { Kept } from "./kept.ts";
import { follow, followAll, followNew, lookAt, lookBehind, touch } from "./kept.ts";
import type { World } from "./oracle.ts";
import type { PageHistory } from "./page-history.ts";
import { samplePage } from "./page-history.ts";
import { samplePasid } from "./pasid-history.ts";
import { markStale, nowOf } from "./stale.ts";
import type { Unit } from "./walk.ts";

/** Reads entries again whose words changed. */
function sampleSources(unit: Unit, all: Histories, kept: Kept): void {
  for (const history of all.contexts.values()) {
    const { words, current } = history;
    if (!kept.stale.has(history)) continue;
    sampleContext(unit, history);
    if (history.words === words && history.current === current) continue;
    follow(kept, history);
    touch(kept, history);
    kept.placesStale = true;
    for (const pasid of all.pasids.values()) if (pasid.sid === history.sid) kept.stale.add(pasid);
  }
  for (const history of all.pasids.values()) {
    const context = all.contexts.get(history.sid);
    if (context === undefined || !kept.stale.has(history)) continue;
    samplePasid(unit, history, context);
    follow(kept, history);
    touch(kept, history);
    kept.placesStale = true;
  }
}

/** Reads pages of second stages again whose words changed. */
function samplePages(unit: Unit, all: Histories, kept: Kept): void {
  const changed: PageHistory[] = [];
  for (const history of kept.stale) {
    if (!("current" in history && "page" in history)) continue;
    const { words } = history;
    samplePage(unit, history);
    if (history.words === words) continue;
    follow(kept, history);
    touch(kept, history);
    changed.push(history);
  }
  markStale(all, changed);
}

/** Walks first stages again whose ways may be others. */
function sampleFirsts(unit: Unit, all: Histories, kept: Kept): void {
  for (const history of all.firsts.values()) {
    if (history.settled && !history.stale && !kept.stale.has(history)) continue;
    history.stale ||= kept.stale.has(history);
    sampleFirst(unit, history, secondOf(unit, all, history.space), nowOf(unit, all, history.space));
    follow(kept, history);
    touch(kept, history);
  }
}

/** Reads again whatever may have changed, and remembers what did. */
function sampleChanged({ unit, histories, memory }: World, kept: Kept): void {
  lookBehind(kept, unit, memory.p2m);
  sampleSources(unit, histories, kept);
  samplePages(unit, histories, kept);
  if (kept.placesStale) watchPages(unit, histories, true);
  kept.placesStale = false;
  followNew(kept, histories);
  sampleFirsts(unit, histories, kept);
  followNew(kept, histories);
  kept.stale.clear();
}

/** No answer from before is one any more. */
export function allAnew({ answers, kept }: World): void {
  answers.clear();
  if (kept !== undefined) kept.epoch += 1;
}

/** Takes into account that anything at all may have changed. */
export function resample(world: World): void {
  const { kept, te, unit, histories } = world;
  if (kept === undefined) {
    world.answers.clear();
    if (te) sample(unit, histories);
    return;
  }
  kept.epoch += 1;
  if (!te) return;
  kept.placesStale = true;
  for (const history of histories.contexts.values()) kept.stale.add(history);
  sampleChanged(world, kept);
}

/** The same where only the P2M has changed. */
export function resampleBehind(world: World): void {
  if (world.kept === undefined) resample(world);
  else if (world.te) sampleChanged(world, world.kept);
}

/** The same where only memory within a range has changed. */
export function resampleWithin(world: World, gpa: bigint, length: bigint): void {
  const { kept, te, unit } = world;
  if (kept === undefined) {
    resample(world);
    return;
  }
  if (!te) return;
  lookAt(kept, unit, gpa & ~63n, gpa + length + 63n);
  sampleChanged(world, kept);
}

/** The same where only memory in some pages has changed, by their numbers. */
export function resamplePages(world: World, pages: readonly number[]): void {
  const { kept, te, unit } = world;
  if (pages.length === 0) return;
  if (kept === undefined) {
    resample(world);
    return;
  }
  if (!te) return;
  for (const page of pages) lookAt(kept, unit, BigInt(page) << 12n, BigInt(page + 1) << 12n);
  sampleChanged(world, kept);
}

/** The same after a write, which often touches nothing that is watched. */
export function resampleBytes(world: World, gpa: bigint, bytes: Uint8Array): void {
  const { kept, te, unit, histories } = world;
  const length = BigInt(bytes.length);
  if (kept === undefined) {
    if (reads(histories, gpa, length)) resample(world);
    return;
  }
  if (te && lookAt(kept, unit, gpa & ~63n, gpa + length + 63n)) sampleChanged(world, kept);
}

/** Takes into account what an invalidation has changed. */
export function afterInvalidation({ kept, histories, answers }: World): void {
  const { touched, pasids } = histories;
  answers.clear();
  if (kept === undefined) {
    touched.clear();
    return;
  }
  for (const history of touched) {
    follow(kept, history);
    touch(kept, history);
    if (!("sid" in history)) continue;
    kept.placesStale = true;
    for (const pasid of "tag" in history ? pasids.values() : []) {
      if (pasid.sid === history.sid) kept.stale.add(pasid);
    }
  }
  for (const first of histories.firsts.values()) if (first.stale) touch(kept, first);
  touched.clear();
  followNew(kept, histories);
}

/** Everything has begun anew, or what is watched is more than it was. */
export function afterRestart({ kept, histories, memory }: World): void {
  if (kept === undefined) return;
  kept.moves = memory.p2m.changed.length;
  followAll(kept, histories);
}
