import { describe, expect, test } from "vitest";
import { memory, reads } from "./driver.ts";
import { given } from "./given.ts";
import {
  below,
  data,
  dids,
  firstStage5,
  firstStageEntry,
  gva,
  other,
  pasidEntry,
  pasids,
  readsAs,
  scalableBooted,
  scalableUnit,
} from "./scalable-driver.ts";
import { allPasids, announce, onePasid, pasidsOf } from "./scalable-queue.ts";
import { l1, reached, ready, spare } from "./scalable-scene.ts";
import { nvme } from "./unit.ts";

const { firstStage: first } = pasids;

describe("PASID entries", () => {
  test("[PE1] an entry stays as it was read until a PASID-cache invalidation covers it", () => {
    const entry = firstStageEntry({ fsptptr: firstStage5 });
    const changed = ready.when(readsAs(first, gva), pasidEntry(first, entry));
    const request = readsAs(first, gva);
    expect(reached(changed, request)).toBe(data);
    expect(reached(changed.when(announce(pasidsOf(dids.secondStage))), request)).toBe(data);
    for (const descriptor of [
      onePasid(dids.firstStage, first),
      pasidsOf(dids.firstStage),
      allPasids,
    ]) {
      expect(reached(changed.when(announce(descriptor)), request)).toBe("71h");
    }
  });

  test("[PE2] with caching mode a missing entry is cached too, under domain-id 0", () => {
    const missed = ready.when(readsAs(0x45, gva), pasidEntry(0x45, firstStageEntry({ did: 9 })));
    expect(reached(missed, readsAs(0x45, gva))).toBe("59h");
    expect(reached(missed.when(announce(pasidsOf(9))), readsAs(0x45, gva))).toBe("59h");
    expect(reached(missed.when(announce(onePasid(9, 0x45))), readsAs(0x45, gva))).toBe(data);
    const plain = given(scalableUnit({ cap: { cm: false } }), scalableBooted);
    const later = plain.when(readsAs(0x45, gva), pasidEntry(0x45, firstStageEntry({ did: 9 })));
    expect(reached(later, readsAs(0x45, gva))).toBe(data);
  });

  test("[PE3] an entry that is announced is set up before the device uses it", () => {
    const scene = ready.when(
      pasidEntry(0x45, firstStageEntry({ did: 9 })),
      announce(onePasid(9, 0x45)),
    );
    const entries = scene.of("HostEntryChanged").map(({ source, pasid }) => [source, pasid]);
    expect(entries).toEqual([
      [nvme, 0x45],
      [other, 0x45],
    ]);
  });

  test("[PE4] two devices on one PASID table share what is cached", () => {
    const scene = ready.when(readsAs(first, gva), memory(l1, spare | 7n));
    expect(reached(scene, readsAs(first, gva, other))).toBe(data);
  });

  test("[PE5] requests without PASID are those of RID_PASID, and stay so", () => {
    const scene = ready.when(reads(below + 0x8000n));
    expect(scene.of("HostEntryChanged")).toEqual([]);
    expect(reached(ready, reads(below + 0x8000n))).toBe(0x8000n);
  });
});
