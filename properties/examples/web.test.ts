import { describe, expect, test } from "vitest";
import { gpaOfPage, hpaOfPage } from "../../events/address.ts";
import type { Input } from "../../events/input.ts";
import { buildStage } from "../../hypervisor/shadow/build.ts";
import { newBuild } from "../../hypervisor/shadow/built-table.ts";
import { walkTables } from "../../hypervisor/shadow/walk-second-stage.ts";
import { stateHash } from "../../projections/digest.ts";
import { evolve } from "../../projections/evolve.ts";
import type { Guest } from "../../projections/guest.ts";
import { emptyShadow, shadowsOf } from "../../projections/shadow/shadow.ts";
import { composeSlot, newComposition } from "../../tables/compose.ts";
import type { Slot } from "../../tables/page-tree.ts";
import { get } from "../../tables/page-tree.ts";
import { sameValue } from "../laws/same.ts";
import {
  iotlbOfDomain,
  iotlbOfPage,
  memory,
  protect,
  queueOn,
  submitAt,
  turnOn,
  unmap,
} from "./driver.ts";
import type { Inputs, Scene } from "./given.ts";
import { given } from "./given.ts";
import { hostBase } from "./unit.ts";
import type { Mix } from "./web-scene.ts";
import {
  firstTable,
  link,
  nodesOf,
  numbers,
  tableAddress,
  treesOf,
  web,
  wideUnit,
} from "./web-scene.ts";

const levels = 5;
const entries = 512;

/** What building a guest's only shadow from nothing gives, and what it reads on the way. */
function fresh(guest: Guest): { trees: readonly [Slot, Slot]; tables: number; listed: number } {
  const build = newBuild(guest, 0, 512 ** levels);
  const stage = buildStage(build, emptyShadow(1, 5, firstTable, levels, 4));
  const host = composeSlot(newComposition(guest.p2m), stage, levels * 2);
  return { trees: [stage, host], tables: build.memo.size, listed: build.tables.length };
}

/** Whether the shadow is the one that is built from nothing, and shares what that shares. */
function isFresh({ world }: Scene): boolean {
  const [guest] = world.guests;
  if (guest === undefined) return false;
  const { trees } = fresh(guest);
  const kept = treesOf(guest);
  return sameValue(kept, trees, new Map()) && nodesOf(...kept) === nodesOf(...trees);
}

/** One change of anything, and an invalidation of some of it; `turn` places it in the queue. */
function anyChange(turn: number, count: number, mix: Mix, draw: (limit: number) => number): Inputs {
  const page = draw(count);
  const entry = tableAddress(draw(count)) + 8n * BigInt(draw(entries));
  const write = memory(entry, link(count, mix, draw));
  const narrow = iotlbOfPage(5, BigInt(draw(2 ** 16)) << 39n, draw(2) * 27);
  const announce = (one: bigint): Inputs => submitAt((turn % 256) * 16, one);
  const mapped: Input = {
    type: "P2mMap",
    gpa: gpaOfPage(firstTable + page),
    hpa: hpaOfPage(Number(hostBase >> 12n) + firstTable + page),
    ...({ length: 4096n, pageSize: "4K", read: true, write: true } as const),
  };
  const changes: readonly Inputs[] = [
    [write, announce(narrow)],
    [write, announce(iotlbOfDomain(5))],
    [protect(tableAddress(page), 4096n, draw(2) === 0, draw(2) === 0), announce(narrow)],
    [unmap(tableAddress(page), 4096n), announce(iotlbOfDomain(5))],
    [mapped, announce(iotlbOfDomain(5))],
  ];
  return changes[draw(changes.length)] ?? [];
}

describe("tables that link each other", () => {
  test.each([
    ["alike", 1],
    ["rights", 3],
    ["superpages", 3],
  ] as const)("[WB1] are read once a level and set of rights: %s", (mix, sets) => {
    const count = 12;
    const scene = given(wideUnit(), web(count, mix)).when(turnOn);
    const { tables, listed, trees } = fresh(scene.guest());
    expect(tables).toBeGreaterThan(count);
    expect(tables).toBeLessThanOrEqual(count * levels * sets);
    expect(listed).toBeLessThan(tables + 5000);
    expect(nodesOf(...trees)).toBeLessThanOrEqual(2 * 17 * (tables + 1));
    expect(scene.facts.length).toBeLessThan(tables * entries);
  });

  test("[WB2] whose rights are alike are told in little more facts than their leaf entries", () => {
    const scene = given(wideUnit(), web(12, "alike")).when(turnOn);
    expect(scene.facts.length).toBeLessThan(12 * entries + 12 * levels * 8);
    expect(scene.of("ShadowLinked").some(({ from }) => new Set(from).size > 8)).toBe(true);
  });

  test.each(["alike", "rights", "superpages"] as const)(
    "[WB3] and change, with P2M and all, stay exactly what building from nothing gives: %s",
    (mix) => {
      const [count, draw] = [3, numbers(11)];
      let scene = given(wideUnit(), web(count, mix), turnOn, queueOn);
      const most = count * levels * 3 * entries + 100;
      for (let turn = 0; turn < 20; turn++) {
        scene = scene.when(anyChange(turn, count, mix, draw));
        expect(scene.refusals).toEqual([]);
        expect(scene.facts.length).toBeLessThan(most);
        const pending = shadowsOf(scene.guest()).some((shadow) => shadow.pending.root !== 0);
        if (!pending) expect(isFresh(scene)).toBe(true);
      }
    },
  );

  test("[WB3] and are walked page by page as the shadow says", () => {
    const draw = numbers(5);
    const guest = given(wideUnit(), web(6, "superpages"), turnOn).guest();
    const [shadow] = shadowsOf(guest);
    for (let turn = 0; turn < 2000; turn++) {
      const page = draw(2 ** 27) * 2 ** 18 + draw(2 ** 18);
      const walked = walkTables(guest, firstTable, levels, page);
      expect(shadow && get(shadow.stage, page)).toBe(walked);
    }
  });

  test("[WB4] are read as a whole, whatever an invalidation covers, and need no mark then", () => {
    const scene = given(wideUnit(), web(4, "rights"), turnOn, queueOn);
    const entry = tableAddress(2) + 8n * 77n;
    const narrow = iotlbOfPage(5, 0x1234_5678_9000n);
    const told = scene.when(memory(entry, tableAddress(3) | 1n), submitAt(0, narrow));
    expect(told.of("ShadowReread")).toHaveLength(1);
    expect(isFresh(told)).toBe(true);
    expect(shadowsOf(told.guest())[0]?.pending.root).toBe(0);
    const again = told.when(submitAt(16, narrow, iotlbOfDomain(5)));
    expect(again.facts.filter(({ type }) => /^Shadow|^Table/.test(type))).toEqual([]);
  });

  test("[WB4] and what comes to what it was is told by no fact", () => {
    const scene = given(wideUnit(), web(4, "rights"), turnOn, queueOn);
    const entry = tableAddress(2) + 8n * 77n;
    const old = scene.word(entry);
    const told = scene.when(memory(entry, 0n), memory(entry, old), submitAt(0, iotlbOfDomain(5)));
    expect(told.facts.filter(({ type }) => type.startsWith("Shadow"))).toEqual([]);
    const narrow = submitAt(0, iotlbOfPage(5, 0n));
    const alone = scene.when(memory(entry, 0n), memory(entry, old), narrow);
    const types = alone.types.filter((type) => type.startsWith("Shadow"));
    expect(types).toEqual(["ShadowReread"]);
  });

  test("[WB5] are the same to who evolves recorded facts, nodes and all", () => {
    const draw = numbers(3);
    const start = given(wideUnit(), web(4, "rights"), turnOn, queueOn);
    let [folded, evolved] = [start, start.world];
    for (let turn = 0; turn < 6; turn++) {
      const inputs = [anyChange(turn, 4, "rights", draw)].flat(9) as readonly Input[];
      for (const input of inputs) {
        folded = folded.when(input);
        for (const event of [input, ...folded.facts]) evolved = evolve(evolved, event);
      }
    }
    expect(stateHash(evolved)).toBe(stateHash(folded.world));
    const [guest] = evolved.guests;
    expect(guest && nodesOf(...treesOf(guest))).toBe(nodesOf(...treesOf(folded.guest())));
  });
});
