import { describe, expect, it } from "vitest";
import { lifeAt, sourceOf } from "../../history/lifeline/life.ts";
import type { AddressSpace } from "../../history/query/address-space.ts";
import { addressSpace } from "../../history/query/address-space.ts";
import { worldAt } from "../../history/timeline/seek.ts";
import type { UsedPage } from "../../history/use.ts";
import { devicesBehind } from "../../projections/device/devices.ts";
import type { Guest } from "../../projections/guest.ts";
import type { HostEntry } from "../../projections/host/host-entry.ts";
import { hostsWhere } from "../../projections/host/host-entry.ts";
import { shadowAt } from "../../projections/shadow/shadow.ts";
import type { World } from "../../projections/world.ts";
import { hasFrame } from "../../tables/mapping.ts";
import { get } from "../../tables/page-tree.ts";
import type { Run } from "../laws/run.ts";
import { pagesAsked, someRuns, travelled } from "./travelled.ts";

const worlds = someRuns(79, 7).map((run) => travelled(run));

/** What the unit keeps of a page in a world, and since when it waits. */
function kept(world: World, guest: number, place: UsedPage, page: number) {
  const of = world.guests[guest];
  const { host } = sourceOf(world, place);
  if (of === undefined || host === undefined) return { mapping: 0, mark: 0 };
  if (host.state === "passThrough") return { mapping: get(of.p2m, page), mark: 0 };
  const shadow = shadowAt(of, host.shadow);
  if (shadow === undefined) return { mapping: 0, mark: 0 };
  return { mapping: get(shadow.host, page), mark: get(shadow.pending, page) };
}

/** Whether requests of a device meet an entry of the space that a page's requests are in. */
function sharedIn(world: World, place: UsedPage) {
  const guest = world.guests[place.guest];
  const { host } = sourceOf(world, place);
  if (guest === undefined || host === undefined) return () => false;
  const entries = hostsWhere(
    guest.hosts,
    (one) => one.state === host.state && one.shadow === host.shadow && one.root === host.root,
  );
  return (device: number, pasid: number | undefined): boolean =>
    entries.some((one) => {
      const behind = devicesBehind(guest, one.source).map(({ source }) => source);
      const isOf = behind.length === 0 ? one.source === device : behind.some((of) => of === device);
      return one.pasid === pasid && isOf;
    });
}

function mappingOf(of: HostEntry | undefined, guest: Guest | undefined, page: number): number {
  if (of?.state === "passThrough") return guest ? get(guest.p2m, page) : 0;
  const shadow = shadowAt(guest, of?.shadow);
  return shadow ? get(shadow.host, page) : 0;
}

/** Uses of one page, from looking at every step and event: since it is so, and all of them. */
function usesPlainly(run: Run, world: World, place: UsedPage, page: number) {
  const at = world.seq;
  const { host } = sourceOf(world, place);
  const isOurs = sharedIn(world, place);
  let [uses, all] = [{ landed: 0, blocked: 0 }, 0];
  for (const { seq, input, facts, before, after } of run.steps) {
    if (seq > at) break;
    const isRequest = input.type === "Dma" || input.type === "DmaIssue";
    const isOf =
      isRequest && (input.guest ?? 0) === place.guest && input.iova / 4096n === BigInt(page);
    if (isOf && isOurs(input.device, input.pasid)) {
      const said = facts.slice(0, at - seq);
      const fact = said.find(({ type }) => type === "DmaTranslated" || type === "DmaBlocked");
      const { landed, blocked } = uses;
      if (fact?.type === "DmaTranslated") uses = { landed: landed + 1, blocked };
      if (fact?.type === "DmaBlocked") uses = { landed, blocked: blocked + 1 };
      if (fact !== undefined) all += 1;
    }
    const [was, is] = [before, after].map((one) => mappingOf(host, one.guests[place.guest], page));
    if (was !== is) uses = { landed: 0, blocked: 0 };
  }
  return { uses, all };
}

const met = { mapped: 0, pending: 0, used: 0, met: 0, never: 0, above: 0, forgotten: 0 };

/** Holds what a map says of a page to what looking at it says. */
function checkPage(run: Run, world: World, space: AddressSpace, place: UsedPage, page: number) {
  const { mapping, mark } = kept(world, place.guest, place, page);
  const pending = Math.floor(mark / 2);
  const { uses, all } = usesPlainly(run, world, place, page);
  const mapped = hasFrame(mapping);
  const range = space.ranges.find(({ first, count }) => first <= page && page < first + count);
  const [used, blocked] = [uses.landed > 0, uses.blocked > 0];
  expect({
    ...{ at: world.seq, page, mapped: range?.mapped ?? false },
    ...{ used: (range?.landed ?? 0) > 0, blocked: (range?.blocked ?? 0) > 0 },
  }).toEqual({ at: world.seq, page, mapped, used, blocked });
  if (range?.count === 1) expect(range).toMatchObject(uses);
  const { host } = sourceOf(world, place);
  const marks = [pending, host?.pending ?? 0, host?.pasidPending ?? 0].filter((mark) => mark > 0);
  const first = marks.length === 0 ? undefined : Math.min(...marks);
  const isAbove = mark === 0 ? first !== undefined : mark % 2 === 1;
  if (range !== undefined) expect(range).toMatchObject({ pendingSince: first, isAbove });
  else expect(pending).toBe(0);
  if (mapped) met.mapped += 1;
  if (pending > 0) met.pending += 1;
  if (pending > 0 && isAbove) met.above += 1;
  if (mapped && used) met.used += 1;
  if (!mapped && blocked) met.met += 1;
  if (mapped && !used && !blocked) met.never += 1;
  if (all > uses.landed + uses.blocked) met.forgotten += 1;
}

describe("the map of an address space", () => {
  it("[DB36] every page is mapped, pending and used as folding every event says", () => {
    for (const { run, timeline } of worlds) {
      const places = pagesAsked(run);
      const { seq: end = 0 } = run.steps.at(-1)?.after ?? {};
      // Within the last step too: what it changed so far counts.
      for (const at of new Set([end, end - 1, Math.floor(end / 2)])) {
        const world = worldAt(timeline, at) as World;
        for (const place of places.slice(0, 6)) {
          const space = addressSpace(timeline, place, at);
          if (space === undefined || !/^(shadowed|passThrough)$/.test(space.state)) continue;
          expect(space.isWhole).toBe(true);
          const edges = space.ranges.flatMap(({ first, count }) => [first, first + count]);
          const pages = new Set([...places.map(({ page }) => page), ...edges.slice(0, 40)]);
          for (const page of pages) checkPage(run, world, space, place, page);
        }
      }
    }
    for (const [name, count] of Object.entries(met)) {
      expect(`${name} ${count > 3}`).toBe(`${name} true`);
    }
  });

  it("[DB36] where tables are walked, the pages that were asked for are listed", () => {
    let listed = 0;
    for (const { run, timeline } of worlds) {
      const world = timeline.end;
      for (const place of pagesAsked(run).slice(0, 6)) {
        const space = addressSpace(timeline, place, world.seq);
        if (!space?.isWalked) continue;
        for (const { first, count, mapped, landed, blocked } of space.ranges) {
          for (let page = first; page < first + count; page++) {
            const life = lifeAt(world, { ...place, page });
            expect(mapped).toBe(life.hpa !== undefined && life.reason === undefined);
            expect(landed + blocked).toBeGreaterThan(0);
            listed += 1;
          }
        }
      }
    }
    expect(listed).toBeGreaterThan(10);
  });
});
