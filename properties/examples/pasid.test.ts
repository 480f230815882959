import { describe, expect, test } from "vitest";
import { PasidEntry } from "../../events/context/pasid-entry.ts";
import { hostAt } from "../../projections/host/host-entry.ts";
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
  pasidDma,
  pasidEntry,
  pasids,
  pasidTable,
  readsAs,
  scalableBooted,
  scalableUnit,
  secondStageEntry,
  words,
} from "./scalable-driver.ts";
import { allPasids, announce, onePasid, pasidsOf } from "./scalable-queue.ts";
import { l1, reached, ready, spare } from "./scalable-scene.ts";
import { nvme } from "./unit.ts";

const { firstStage: first, secondStage: second } = pasids;

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

  test("[PE6] an entry of 64 bytes that is read half written is what it is at that time", () => {
    const entry = words(PasidEntry.encode({ present: true, ...firstStageEntry({ did: 9 }) }), 8);
    const place = pasidTable + BigInt(0x45 & 63) * 64n;
    const half = ready.when(memory(place, ...entry.slice(0, 2)), announce(onePasid(9, 0x45)));
    expect(reached(half, readsAs(0x45, gva))).toBe("71h");
    const rest = half.when(memory(place + 16n, ...entry.slice(2)));
    expect(reached(rest, readsAs(0x45, gva))).toBe("71h");
    expect(reached(rest.when(announce(onePasid(9, 0x45), 1)), readsAs(0x45, gva))).toBe(data);
  });

  test("[PE7] an entry torn down in the wrong order serves until it is announced", () => {
    const place = pasidTable + BigInt(first & 63) * 64n;
    const emptied = ready.when(readsAs(first, gva), memory(place + 8n, 0n, 0n, 0n, 0n));
    expect(reached(emptied, readsAs(first, gva))).toBe(data);
    const announced = emptied.when(announce(onePasid(dids.firstStage, first)));
    expect(reached(announced, readsAs(first, gva))).toBe("71h");
  });

  test("[PE8] a device that writes into a PASID table changes what is announced, no more", () => {
    const place = below + pasidTable + BigInt(first & 63) * 64n;
    const scene = ready.when(readsAs(first, gva), {
      ...pasidDma("write", place, { pasid: second }),
      bytes: new Uint8Array(8),
    });
    expect(scene.of("DmaLanded")).toHaveLength(2);
    expect(reached(scene, readsAs(first, gva))).toBe(data);
    const announced = scene.when(announce(onePasid(dids.firstStage, first)));
    expect(reached(announced, readsAs(first, gva))).toBe("59h");
  });

  test("[PE9] a second stage with accessed and dirty bits is refused by the host alone", () => {
    const marked = pasidEntry(0x45, secondStageEntry({ did: 9, ssade: true }));
    const devices = [
      { device: nvme, physical: true },
      { device: other, physical: false },
    ];
    const scene = given(scalableUnit({ devices, ecap: { slads: true } }), scalableBooted, marked);
    for (const device of [nvme, other]) {
      const refused = scene.when(readsAs(0x45, below + data, device));
      expect(refused.of("DmaBlocked")).toMatchObject([{ host: "refused" }]);
      expect(refused.of("FaultRecorded")).toEqual([]);
      expect(refused.of("HostEntryChanged")).toMatchObject([{ state: "refused" }]);
      expect(hostAt(refused.guest().hosts, device, 0x45)?.state).toBe("refused");
    }
  });
});
