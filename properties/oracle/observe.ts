import type { Fact, FactOf } from "../../events/fact.ts";
import type { Input } from "../../events/input.ts";
import {
  invalidateContexts,
  invalidateFirsts,
  invalidatePages,
  invalidatePasids,
} from "./invalidate.ts";
import { restart } from "./history.ts";
import { cpuWrites, deviceWrites, drainBuffer, flushLines, forget, sightOf } from "./memory.ts";
import type { Oracle, World } from "./oracle.ts";
import { assign } from "./oracle.ts";
import { frameBehind, mapRange, protectRange, unmapRange } from "./p2m.ts";
import {
  afterInvalidation,
  afterRestart,
  allAnew,
  resample,
  resampleBehind,
  resampleBytes,
  resamplePages,
  resampleWithin,
} from "./resample.ts";
import { flushing } from "./write-buffer.ts";

/**
 * Does to memory and P2M what an input does by itself. @returns false for an input that must be
 * refused.
 */
function apply(oracle: Oracle, world: World, input: Input): boolean {
  const { memory, unit } = world;
  if (input.type === "DeviceAssign" || input.type === "UnitReset") allAnew(world);
  if (input.type === "MemoryWrite") {
    cpuWrites(memory, input.gpa, input.bytes, input.flushed === true);
  } else if (input.type === "CacheFlush") {
    flushLines(memory, input.gpa, input.length);
  } else if (input.type === "P2mMap") {
    const p2ms = oracle.worlds.map((each) => each.memory.p2m);
    return mapRange(p2ms, input.guest ?? 0, unit.haw, input);
  } else if (input.type === "P2mUnmap") {
    if (isBeyond(unit.haw, input)) return false;
    const gone = unmapRange(memory.p2m, input.gpa, input.length);
    for (const { first, count } of gone ?? []) forget(memory, first, count);
    return gone !== undefined;
  } else if (input.type === "P2mProtect") {
    return !isBeyond(unit.haw, input) && protectRange(memory.p2m, input.gpa, input.length, input);
  } else if (input.type === "DeviceAssign") {
    assign(world, input.device, input.alias);
  } else if (input.type === "UnitReset") {
    unit.root = 0n;
    world.te = false;
  }
  return true;
}

/** Whether a range of guest memory ends beyond the host address width. */
const isBeyond = (haw: number, range: { readonly gpa: bigint; readonly length: bigint }): boolean =>
  range.gpa + range.length > 1n << BigInt(haw);

function land(world: World, gpa: bigint, bytes: Uint8Array): void {
  deviceWrites(world.memory, gpa, bytes);
  resampleBytes(world, gpa, bytes);
}

/** Bytes of a DMA: at a host address, whoever has it by now; at a guest's for a virtual device. */
function landAt(
  oracle: Oracle,
  world: World,
  { gpa, hpa }: FactOf<"DmaLanded">,
  bytes: Uint8Array,
): void {
  if (hpa === undefined) {
    if (gpa !== undefined) land(world, gpa, bytes);
    return;
  }
  for (const each of oracle.worlds) {
    const gfn = frameBehind(each.memory.p2m, Number(hpa >> 12n));
    if (gfn !== undefined) land(each, (BigInt(gfn) << 12n) | (hpa & 0xfffn), bytes);
  }
}

/** A unit with the capabilities that the fact says, just reset. */
function created(world: World, { cap, ecap }: FactOf<"UnitCreated">): void {
  Object.assign(world.unit, { cap, ecap, root: 0n });
  // What waits in a buffer that the new unit does not have is not kept from it.
  drainBuffer(world.memory);
  const { coherent, buffered } = sightOf({ cap, ecap });
  Object.assign(world.memory, { coherent, buffered });
  world.te = false;
}

/** Facts that change what is right, whatever memory holds. */
const telling: readonly string[] = [
  ...["RootPointerLatched", "TranslationEnabled", "TranslationDisabled", "UnitCreated"],
  ...["UnitDestroyed"],
];

/**
 * Watches a PASID that an input or a fact names, for every source-id: from now on its entry may be
 * cached, and with it what its tables say.
 */
function meet(world: World, event: Input | Fact): void {
  const pasid = "pasid" in event ? event.pasid : undefined;
  if (pasid === undefined) return;
  const { asked, contexts } = world.histories;
  let isNew = false;
  for (const sid of contexts.keys()) {
    const known = asked.get(sid) ?? new Set();
    isNew ||= !known.has(pasid);
    asked.set(sid, known.add(pasid));
  }
  if (isNew) resample(world);
}

const p2mChanges: ReadonlySet<string> = new Set(["P2mMap", "P2mUnmap", "P2mProtect"]);

/** All facts that bear on what is right. */
const followed: ReadonlySet<string> = new Set([
  ...["RootPointerLatched", "TranslationEnabled", "TranslationDisabled", "UnitCreated"],
  ...["UnitDestroyed", "MemoryWritten", "DmaLanded"],
  ...flushing,
]);

/** Takes one thing that the vIOMMU did into account. */
export function follow(oracle: Oracle, fact: Fact): void {
  if (!followed.has(fact.type)) return;
  const world = oracle.worlds[("guest" in fact ? fact.guest : undefined) ?? 0];
  if (!world) return;
  const { unit, histories } = world;
  if (telling.includes(fact.type)) allAnew(world);
  if (flushing.has(fact.type)) resamplePages(world, drainBuffer(world.memory));
  if (fact.type === "PasidCacheInvalidated") meet(world, fact);
  if (fact.type === "MemoryWritten") {
    land(world, fact.gpa, fact.bytes);
  } else if (fact.type === "DmaLanded" && fact.access === "write" && fact.bytes) {
    landAt(oracle, world, fact, fact.bytes);
  } else if (fact.type === "RootPointerLatched") {
    unit.root = fact.value;
    if (!world.te) return;
    if (((unit.cap >> 63n) & 1n) === 1n) {
      restart(unit, histories);
      afterRestart(world);
      return;
    }
    histories.replaced.context = true;
    histories.replaced.iotlb = true;
    if ((fact.value & 0xc00n) !== 0n) histories.replaced.pasid = true;
    resample(world);
  } else if (fact.type === "TranslationEnabled") {
    world.te = true;
    restart(unit, histories);
    afterRestart(world);
  } else if (fact.type === "TranslationDisabled" || fact.type === "UnitDestroyed") {
    world.te = false;
  } else if (fact.type === "UnitCreated") {
    created(world, fact);
  } else {
    invalidate(world, fact);
  }
}

/** What an invalidation covers is cached no longer. */
function invalidate(world: World, fact: Fact): void {
  const { unit, histories, te } = world;
  if (!/^(Context|Iotlb|PasidCache|PasidIotlb)Invalidated$/.test(fact.type)) return;
  const before = Object.values(histories.replaced).join();
  if (te && fact.type === "ContextInvalidated") invalidateContexts(unit, histories, fact);
  else if (te && fact.type === "IotlbInvalidated") invalidatePages(unit, histories, fact);
  else if (te && fact.type === "PasidCacheInvalidated") invalidatePasids(unit, histories, fact);
  else if (te && fact.type === "PasidIotlbInvalidated") invalidateFirsts(unit, histories, fact);
  if (Object.values(histories.replaced).join() !== before) allAnew(world);
  afterInvalidation(world);
}

/**
 * Observes one input and, in order, what the vIOMMU did about it: bytes that it wrote, DMA that
 * landed, invalidations, the root pointer, translation on and off. All other facts are ignored.
 *
 * @returns false for an input that must be refused: a P2M change that is misaligned, empty, too
 * high or takes frames.
 */
export function observe(oracle: Oracle, input: Input, facts: readonly Fact[]): boolean {
  const world = oracle.worlds[input.guest ?? 0];
  if (!world) return false;
  // What a change of the P2M finds in flight lands before it.
  const changesP2m = p2mChanges.has(input.type);
  const early = changesP2m ? facts.filter(({ type }) => type === "DmaLanded") : [];
  for (const fact of early) follow(oracle, fact);
  meet(world, input);
  const done = apply(oracle, world, input);
  if (input.type === "MemoryWrite") resampleBytes(world, input.gpa, input.bytes);
  else if (input.type === "CacheFlush") resampleWithin(world, input.gpa, input.length);
  else if (changesP2m) resampleBehind(world);
  // A CPU's bytes have been written above, and less visibly than the vIOMMU's own.
  const own = input.type === "MemoryWrite" ? [] : facts;
  for (const fact of own) if (!early.includes(fact)) follow(oracle, fact);
  return done;
}
