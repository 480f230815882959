import { describe, expect, test } from "vitest";
import type { SourceId } from "../../events/address.ts";
import { shadowAt, shadowsOf } from "../../projections/shadow/shadow.ts";
import {
  booted,
  contextsOfDevice,
  iotlbOfDomain,
  iotlbOfPage,
  leafEntry,
  memory,
  page,
  queueOn,
  reads,
  submit,
  submitAt,
  tables,
  turnOn,
  waitNothing,
  width4,
  writes,
} from "./driver.ts";
import type { Scene } from "./given.ts";
import { given } from "./given.ts";
import { hostBase, nvme, unit } from "./unit.ts";

const second = (nvme + 8) as SourceId;
const ready = given(unit(), booted, queueOn);
const neighbour = page + 0x1000n;

/** The guest page that a read reaches, or the reason of its fault. */
function target(scene: Scene, iova = page, device = nvme): bigint | number | undefined {
  const after = scene.when(reads(iova, device));
  return after.of("DmaLanded")[0]?.gpa ?? after.of("DmaBlocked")[0]?.reason;
}

describe("a change of the tables", () => {
  test("[SH2] until it is announced, the old translation holds, used or not", () => {
    const moved = ready.when(memory(leafEntry, 0xa003n));
    expect(target(moved)).toBe(0x7000n);
    const mapped = ready.when(memory(leafEntry + 8n, 0xb003n));
    expect(target(mapped, neighbour)).toBe(6);
  });

  test("[SH1] once announced by page, domain or globally, the new one does", () => {
    const moved = ready.when(memory(leafEntry, 0xa003n));
    for (const told of [iotlbOfPage(5, page), iotlbOfDomain(5), 0x12n]) {
      expect(target(moved.when(submit(told)))).toBe(0xa000n);
    }
  });

  test("[SY1] an invalidation of another page or another domain announces nothing", () => {
    const moved = ready.when(memory(leafEntry, 0xa003n));
    expect(target(moved.when(submit(iotlbOfPage(5, neighbour))))).toBe(0x7000n);
    expect(target(moved.when(submit(iotlbOfDomain(6))))).toBe(0x7000n);
  });

  test("[SY2] only what changed and is covered becomes facts", () => {
    const scene = ready.when(memory(leafEntry, 0xa003n, 0xb003n), submit(iotlbOfPage(5, page)));
    expect(scene.of("ShadowMapped")).toMatchObject([
      { iova: page, count: 1, gpa: 0xa000n, hpa: hostBase + 0xa000n, size: "4K" },
    ]);
    expect(target(scene, neighbour)).toBe(6);
  });

  test("[SY3] a neighbouring run is one fact", () => {
    const scene = ready.when(memory(leafEntry + 8n, 0x8003n, 0x9003n), submit(iotlbOfDomain(5)));
    expect(scene.of("ShadowMapped")).toMatchObject([
      { iova: neighbour, count: 2, gpa: 0x8000n, hpa: hostBase + 0x8000n },
    ]);
  });

  test("[SY4] a table that is filled, then linked, is whole when the link is announced", () => {
    const filled = [memory(0xc000n, 0x7003n, 0xa003n), memory(0x5068n, 0xc003n)];
    const scene = ready.when(filled, submit(iotlbOfPage(5, 0x1a00000n, 9)));
    expect(target(scene, 0x1a00000n)).toBe(0x7000n);
    expect(target(scene, 0x1a01000n)).toBe(0xa000n);
  });

  test("[SY5] an invalidation of leaves alone does not announce a changed upper entry", () => {
    const relinked = ready.when(memory(0xc030n, 0xa003n), memory(0x5060n, 0xc003n));
    const leafOnly = iotlbOfPage(5, page) | (1n << 70n);
    const hinted = relinked.when(submit(leafOnly));
    expect([0x7000n, 0xa000n]).toContain(target(hinted));
    expect(target(hinted.when(submitAt(16, iotlbOfDomain(5))))).toBe(0xa000n);
  });

  test("[SY6] a page invalidated under a relinked table leaves its siblings pending", () => {
    const relinked = ready.when(memory(0xc030n, 0xa003n, 0xb003n), memory(0x5060n, 0xc003n));
    const told = relinked.when(submit(iotlbOfPage(5, page)));
    expect(target(told)).toBe(0xa000n);
    expect(target(told.when(submitAt(16, iotlbOfPage(5, neighbour))), neighbour)).toBe(0xb000n);
  });

  test("[SY7] tables are tracked whatever wrote them: a device's DMA too", () => {
    const data = { bytes: new Uint8Array([3, 0xa0, 0, 0, 0, 0, 0, 0]) };
    const scene = ready.when(memory(leafEntry + 8n, 0x6003n), submit(iotlbOfDomain(5)));
    const byDevice = scene.when({ ...(writes(neighbour + 0x30n) as object), ...data } as never);
    expect(byDevice.word(leafEntry)).toBe(0xa003n);
    expect(target(byDevice)).toBe(0x7000n);
    const told = byDevice.when(submitAt(16, iotlbOfDomain(5)));
    expect(target(told)).toBe(0xa000n);
  });
});

describe("caches at their worst", () => {
  test("[IV2] a superpage that was used goes as a whole with any page of it", () => {
    const scene = given(unit(), tables, memory(0x5060n, 0x40_0083n), turnOn, queueOn);
    const split = scene.when(reads(page), memory(0x5060n, 0x6003n), submit(iotlbOfPage(5, page)));
    expect(target(split)).toBe(0x7000n);
    expect(shadowAt(split.guest(), 1)?.iotlb.root).toBe(0);
  });

  test("[IV3] an invalidation that was queued twice adds nothing", () => {
    const once = ready.when(memory(leafEntry, 0xa003n), submit(iotlbOfDomain(5), waitNothing));
    const twice = once.when(submitAt(32, iotlbOfDomain(5)));
    expect(twice.types.filter((type) => type.startsWith("Shadow"))).toEqual([]);
  });
});

describe("domains", () => {
  const devices = [nvme, second].map((device) => ({ device, physical: true }));
  const entryOfSecond = (root: bigint, did: number) =>
    memory(0x2000n + BigInt(second) * 16n, root | 1n, width4(did));
  const world = (root: bigint, did: number) =>
    given(unit({ devices }), tables, entryOfSecond(root, did), turnOn, queueOn);

  test("[SY8] devices of one domain-id and one root share a shadow", () => {
    const scene = world(0x3000n, 5);
    expect(shadowsOf(scene.guest())).toHaveLength(1);
    expect(target(scene, page, second)).toBe(0x7000n);
  });

  test("[SY9] one domain-id with two roots is two shadows; one invalidation reaches both", () => {
    const scene = world(0xd000n, 5);
    expect(shadowsOf(scene.guest())).toHaveLength(2);
    expect(target(scene)).toBe(0x7000n);
    expect(target(scene, page, second)).toBe(6);
    const linked = scene.when(memory(0xd000n, 0x4003n), memory(leafEntry, 0xa003n));
    const told = linked.when(submit(iotlbOfDomain(5)));
    expect([target(told), target(told, page, second)]).toEqual([0xa000n, 0xa000n]);
  });

  test("[SY10] a device that joins a domain does not announce that domain's changes", () => {
    const scene = given(unit({ devices }), tables, turnOn, queueOn);
    const joined = scene.when(
      memory(leafEntry, 0xa003n),
      entryOfSecond(0x3000n, 5),
      submit(contextsOfDevice(0, second)),
    );
    expect(target(joined, page, second)).toBe(0x7000n);
    expect(target(joined)).toBe(0x7000n);
  });
});
