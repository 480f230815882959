import { describe, expect, test } from "vitest";
import { memory, protect, unmap } from "./driver.ts";
import {
  below,
  data,
  dids,
  gva,
  pasidDma,
  pasids,
  readsAs,
  secondStage,
  slot,
  writesAs,
} from "./scalable-driver.ts";
import {
  announce,
  iotlbOfAll,
  iotlbOfDomain,
  iotlbOfPage,
  pasidIotlb,
  pasidPage,
} from "./scalable-queue.ts";
import { l1, l2, reached, ready, spare } from "./scalable-scene.ts";

const { firstStage: first, secondStage: second, nested } = pasids;

describe("what is cached of a first stage", () => {
  const used = ready.when(readsAs(first, gva));
  const moved = used.when(memory(l1, spare | 7n));

  test("[FC1] a used translation stays until an invalidation covers it", () => {
    expect(reached(moved, readsAs(first, gva))).toBe(data);
    for (const descriptor of [
      pasidPage(dids.firstStage, first, gva),
      pasidIotlb(dids.firstStage, first),
      iotlbOfDomain(dids.firstStage),
      iotlbOfPage(dids.firstStage, 0n),
      iotlbOfAll,
    ]) {
      expect(reached(moved.when(announce(descriptor)), readsAs(first, gva))).toBe(spare);
    }
  });

  test("[FC8] CAP.MAMV does not bound how many pages a PASID-based invalidation names", () => {
    for (const am of [0x3fn, 0x20n]) {
      const wide = moved.when(announce(pasidPage(dids.firstStage, first, am)));
      expect(wide.of("QueueHalted")).toEqual([]);
      expect(wide.of("PasidIotlbInvalidated")).toHaveLength(1);
      expect(reached(wide, readsAs(first, gva))).toBe(spare);
    }
  });

  test("[FC2] an invalidation of another page, PASID or domain drops nothing", () => {
    for (const descriptor of [
      pasidPage(dids.firstStage, first, gva + 0x1000n),
      pasidIotlb(dids.firstStage, second),
      pasidIotlb(dids.secondStage, first),
      iotlbOfDomain(dids.secondStage),
    ]) {
      expect(reached(moved.when(announce(descriptor)), readsAs(first, gva))).toBe(data);
    }
  });

  test("[FC3] what is not present is never cached, whatever the caching mode", () => {
    const missed = ready.when(memory(l1, 0n), readsAs(first, gva));
    expect(reached(missed.when(memory(l1, spare | 7n)), readsAs(first, gva))).toBe(spare);
  });

  test("[FC4] upper entries are cached: IH keeps them, without IH they go", () => {
    const table = 0xa000n;
    const relinked = used.when(memory(slot(table, 1, gva), spare | 7n), memory(l2, table | 7n));
    const leaf = relinked.when(announce(pasidPage(dids.firstStage, first, gva, true)));
    expect(reached(leaf, readsAs(first, gva))).toBe(data);
    const upper = relinked.when(announce(pasidPage(dids.firstStage, first, gva)));
    expect(reached(upper, readsAs(first, gva))).toBe(spare);
  });

  test("[FC5] a PASID-based invalidation drops nothing of a second stage", () => {
    const page = below + 0x8000n;
    const entry = slot(secondStage.l1, 1, page);
    const scene = ready.when(readsAs(second, page), memory(entry, spare | 3n));
    const wrong = scene.when(announce(pasidIotlb(dids.secondStage, second)));
    expect(reached(wrong, readsAs(second, page))).toBe(0x8000n);
    expect(
      reached(wrong.when(announce(iotlbOfDomain(dids.secondStage), 1)), readsAs(second, page)),
    ).toBe(spare);
  });

  test("[FC6] a request in flight lands before an invalidation that covers it is done", () => {
    const issue = { ...pasidDma("read", gva, { pasid: first }), type: "DmaIssue", tag: 1 } as const;
    const flying = ready.when({ ...issue, access: "read" });
    const after = flying.when(announce(pasidIotlb(dids.firstStage, first)));
    expect(after.of("DmaLanded")).toMatchObject([{ tag: 1 }]);
    const elsewhere = flying.when(announce(pasidIotlb(dids.firstStage, nested)));
    expect(elsewhere.of("DmaLanded")).toEqual([]);
  });

  test("[FC7] what the P2M takes away no cached translation reaches", () => {
    const gone = used.when(unmap(0n, 0x20_0000n));
    expect(reached(gone, readsAs(first, gva))).toBe("70h");
    const readOnly = used.when(writesAs(first, gva), protect(0n, 0x20_0000n, true, false));
    expect(reached(readOnly, writesAs(first, gva))).toBe("hole");
  });
});
