import { describe, expect, it } from "vitest";
import type { Iova } from "../events/address.ts";
import { why } from "../history/why.ts";
import { createWorld } from "../hypervisor/create-world.ts";
import {
  iotlbOfPage,
  leafEntry,
  memory,
  reads,
  waitStatus,
  writes,
} from "../properties/examples/driver.ts";
import { nvme, unit } from "../properties/examples/unit.ts";
import type { MadeLog } from "./test/made-log.ts";
import { did, iova, started, wrongDrivers } from "./test/wrong-drivers.ts";

const wait = waitStatus(0x9000n, 1);

/** What `why` tells of a page of 00:04.0 at the end of a log. */
function toldOf(log: MadeLog, page: bigint) {
  const question = { device: nvme, iova: page as Iova };
  const told = why(createWorld(unit()), log.inputs, question);
  if (told.kind !== "dma") throw new Error("it is no DMA");
  const missed = told.trail.entries.flatMap(({ writes: all }) =>
    all.flatMap((one) => one.missed ?? []),
  );
  return { ...told, missed };
}

const wrongOf = (rule: string): MadeLog =>
  wrongDrivers.find((one) => one.rule === rule)?.wrong() ?? started();

describe("why", () => {
  it("[AU17] prefers the DMA that landed where no table led to a later blocked one", () => {
    const log = started()
      .add(writes(iova(1)))
      .add(memory(leafEntry + 8n, 0n))
      .add(writes(iova(1)))
      .submit([iotlbOfPage(did, iova(1)), wait])
      .add(writes(iova(1)));
    const { use, walk } = toldOf(log, iova(1));
    expect(use?.landed).toBeDefined();
    expect("fault" in walk.guest).toBe(true);
  });

  it("[AU17] prefers the DMA that a forgotten map refused to one after the unmapping", () => {
    const log = started()
      .add(memory(leafEntry + 64n, 0x3_0003n))
      .submit([iotlbOfPage(did, iova(9)), wait])
      .add(reads(iova(8)))
      .add(memory(leafEntry + 64n, 0n))
      .submit([iotlbOfPage(did, iova(8)), wait])
      .add(reads(iova(8)));
    const { use, walk, missed } = toldOf(log, iova(8));
    expect([use?.blocked === undefined, "gpa" in walk.guest]).toEqual([false, true]);
    expect(missed.map(({ text }) => text)).toEqual([
      expect.stringContaining("covers 0x180f000 to 0x180ffff of domain 5; this page is 0x180e000"),
    ]);
  });

  it.each([
    ["range-too-narrow", 2, "range"],
    ["wrong-domain", 1, "domain"],
  ])("[AU18] names the invalidation that just missed: %s", (rule, page, kind) => {
    const { missed } = toldOf(wrongOf(rule), iova(page));
    expect(missed.map((one) => one.kind)).toEqual([kind]);
  });

  it("[AU18] names none where the change is announced, or nothing was told", () => {
    expect(toldOf(wrongOf("never-announced"), iova(1)).missed).toEqual([]);
    const right = wrongDrivers.find(({ rule }) => rule === "wrong-domain")?.right() ?? started();
    expect(toldOf(right, iova(1)).missed).toEqual([]);
  });
});
