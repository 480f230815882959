import { describe, expect, test } from "vitest";
import { buildStage } from "../../hypervisor/shadow/build.ts";
import { newBuild } from "../../hypervisor/shadow/built-table.ts";
import { emptyShadow, shadowsOf } from "../../projections/shadow/shadow.ts";
import { get } from "../../tables/page-tree.ts";
import { radixGet } from "../../tables/radix.ts";
import { command, iotlbOfDomain, memory, queueOn, submitAt, turnOn } from "./driver.ts";
import type { Inputs, Scene } from "./given.ts";
import { given } from "./given.ts";
import { firstTable, nodesOf, tableAddress, treesOf, web, wideUnit } from "./web-scene.ts";

/** A table whose first entries link others, by number, to be read and written. */
const links = (table: number, ...others: readonly number[]) =>
  memory(tableAddress(table), ...others.map((other) => tableAddress(other) | 3n));

const repeated = (count: number, table: number): number[] => new Array<number>(count).fill(table);

/** Root and context entry, some tables, translation and the queue on. */
const begun = (...tables: readonly Inputs[]): Scene =>
  given(wideUnit(), web(0, "alike"), tables, turnOn, queueOn);

/** Whether the only shadow has something pending at a page. */
function isMarked(scene: Scene, page: number): boolean {
  const [shadow] = shadowsOf(scene.guest());
  return shadow !== undefined && get(shadow.pending, page) !== 0;
}

/** What building the only shadow from nothing gives. */
function fresh(scene: Scene) {
  const build = newBuild(scene.guest(), 0, 512 ** 5);
  return { build, stage: buildStage(build, emptyShadow(1, 5, firstTable, 5, 4)) };
}

describe("tables in several places", () => {
  test("[WB6] eight at most, are told apart by place", () => {
    const few = [
      memory(tableAddress(0), tableAddress(1) | 3n, tableAddress(2) | 3n, tableAddress(2) | 1n),
      memory(tableAddress(1), tableAddress(3) | 3n),
      memory(tableAddress(2), tableAddress(3) | 3n),
      memory(tableAddress(3), tableAddress(4) | 3n),
      memory(tableAddress(4), 0x7003n),
    ];
    const scene = begun(few);
    const write = scene.when(memory(tableAddress(4), 0x8003n));
    const pages = [0, 2 ** 36, 2 ** 37, 3 * 2 ** 36, 512];
    const marked = pages.map((page) => isMarked(write, page));
    expect(marked).toEqual([true, true, true, false, false]);
  });

  test("[WB6] with too many tables below to list again are marked in all of them", () => {
    const chains = [links(2, 3), links(3, 4), memory(tableAddress(4), 0x7003n), links(5, 6)];
    const scene = begun(links(0, 1, 1), links(1, 2, ...repeated(70, 5)), chains, links(6, 7));
    const written = scene.when(memory(tableAddress(4), 0x8003n));
    expect([0, 2 ** 36].map((page) => isMarked(written, page))).toEqual([true, true]);
  });

  test("[WB1] are listed again a bounded number of times", () => {
    const below = [links(1, 2, 2, 2, 2), links(2, 3, 3, 3), links(3, 4)];
    const { build } = fresh(begun(links(0, ...repeated(512, 1)), below));
    expect(build.memo.size).toBe(4);
    expect(build.tables.length).toBeLessThan(5000);
  });

  test("[WB3] share again what was linked one by one, once one lies in more than eight", () => {
    const chain = [
      links(1, 2),
      links(2, 3),
      links(3, 4),
      memory(tableAddress(4), 0x7003n, 0x9003n),
    ];
    const alone = begun(links(0, 1), chain, links(5, 2));
    const linked = alone.when(
      memory(tableAddress(0) + 8n, tableAddress(5) | 3n),
      submitAt(0, iotlbOfDomain(5)),
    );
    expect(nodesOf(treesOf(linked.guest())[0])).toBeGreaterThan(nodesOf(fresh(linked).stage));
    const many = linked.when(
      memory(tableAddress(0) + 16n, ...repeated(9, 6).map((to) => tableAddress(to) | 3n)),
      links(6, 7),
      submitAt(16, iotlbOfDomain(5)),
    );
    expect(many.of("TableShared").length).toBeGreaterThan(0);
    expect(nodesOf(treesOf(many.guest())[0])).toBe(nodesOf(fresh(many).stage));
  });

  test("[WB7] keep no list of the shadows that are gone", () => {
    let scene = given(wideUnit(), web(2, "alike"));
    for (let turn = 0; turn < 40; turn++) scene = scene.when(turnOn, command(0n));
    const kept = [firstTable, firstTable + 1].map((gfn) => radixGet(scene.guest().tables, gfn));
    for (const use of kept)
      expect((use?.shared.length ?? 0) + (use?.uses.length ?? 0)).toBeLessThan(20);
  });
});
