import { describe, expect, test } from "vitest";
import { reason } from "../../events/fault-reason.ts";
import { memory, protect, reads, unmap, writes } from "./driver.ts";
import type { Inputs, Scene } from "./given.ts";
import { given } from "./given.ts";
import {
  below,
  data,
  dids,
  fifthLevel,
  firstStage,
  firstStage5,
  firstStageEntry,
  firstStageTables,
  gva,
  nestedEntry,
  other,
  pasidDma,
  pasidEntry,
  pasids,
  readsAs,
  scalableBooted,
  scalableOn,
  scalableTables,
  scalableUnit,
  secondStage,
  slot,
  writesAs,
} from "./scalable-driver.ts";
import {
  allPasids,
  announce,
  iotlbOfAll,
  iotlbOfDomain,
  iotlbOfPage,
  onePasid,
  pasidIotlb,
  pasidPage,
  pasidsOf,
  scalableQueue,
} from "./scalable-queue.ts";
import { hostBase, nvme } from "./unit.ts";

const { firstStage: first, secondStage: second, nested } = pasids;
const l1 = slot(firstStage.l1, 1, gva);
const l2 = slot(firstStage.l2, 2, gva);
const l4 = slot(firstStage.l4, 4, gva);
const spare = 0x9000n;
const ready = given(scalableUnit(), scalableBooted, scalableQueue);

/** The host page that a request reaches, or why not. */
function reached(scene: Scene, ...request: readonly Inputs[]): bigint | string {
  const after = scene.when(...request);
  const [landed] = after.of("DmaLanded");
  const [blocked] = after.of("DmaBlocked");
  if (landed?.hpa !== undefined) return landed.hpa - hostBase;
  return blocked?.host ?? `${(blocked?.reason ?? 0).toString(16)}h`;
}

describe("first stage", () => {
  test("[FS1] accessed bits are set in every entry on the way, the dirty bit by a write", () => {
    const read = ready.when(readsAs(first, gva));
    expect(read.of("MemoryWritten").map(({ gpa }) => gpa)).toEqual([
      l4,
      slot(firstStage.l3, 3, gva),
      l2,
      l1,
    ]);
    expect([l4, l2, l1].map((entry) => read.word(entry) & 0x67n)).toEqual([0x27n, 0x27n, 0x27n]);
    const written = read.when(writesAs(first, gva));
    expect(written.of("MemoryWritten").map(({ gpa }) => gpa)).toEqual([l1]);
    expect(written.word(l1) & 0x67n).toBe(0x67n);
    expect(written.when(writesAs(first, gva)).of("MemoryWritten")).toEqual([]);
  });

  test("[FS1] with EAFE the extended accessed bit is set too", () => {
    const scene = ready.when(pasidEntry(0x45, firstStageEntry({ eafe: true, did: 9 })));
    expect(scene.when(readsAs(0x45, gva)).word(l1) & 0x460n).toBe(0x420n);
  });

  test("[FS2] bits that were set on the way stay when the request is blocked further down", () => {
    const scene = ready.when(memory(l1, 0n), readsAs(first, gva));
    expect(scene.of("DmaBlocked")).toMatchObject([{ reason: reason.firstStageNotPresent }]);
    expect(scene.word(l2) & 0x20n).toBe(0x20n);
  });

  test("[FS3] 2 MiB and 1 GiB pages, and five levels with canonical addresses", () => {
    const large = ready.when(memory(l2, 0x60_0087n));
    expect(reached(large, readsAs(first, gva + 0x1000n))).toBe(0x65_7000n);
    const huge = ready.when(memory(slot(firstStage.l3, 3, gva), 0x87n));
    expect(reached(huge, readsAs(first, 0x1_0012_3000n))).toBe(0x12_3000n);
    const five = firstStageEntry({ fspm: 1, fsptptr: firstStage5, did: 9 });
    const deep = ready.when(fifthLevel(), pasidEntry(0x45, five));
    expect(reached(deep, readsAs(0x45, gva))).toBe(data);
    expect(reached(deep, readsAs(0x45, 1n << 56n))).toBe("80h");
    const top = -0x1000n & 0xffff_ffff_ffff_ffffn;
    expect(reached(deep, readsAs(0x45, top))).toBe("71h");
  });

  test("[FS4] supervisor requests heed read-only pages with WPE alone, and SMEP", () => {
    const with_ = (fields: object): Scene =>
      ready.when(
        memory(l1, data | 5n),
        pasidEntry(0x45, firstStageEntry({ sre: true, ere: true, did: 9, ...fields })),
      );
    const write = pasidDma("write", gva, { pasid: 0x45, privileged: true });
    expect(reached(with_({}), write)).toBe(data);
    expect(reached(with_({ wpe: true }), write)).toBe("85h");
    const execute = pasidDma("read", gva, { pasid: 0x45, privileged: true, execute: true });
    expect(reached(with_({}), execute)).toBe(data);
    expect(reached(with_({ smep: true }), execute)).toBe("82h");
  });

  test("[FS5] with PASID the interrupt range is addresses like any other", () => {
    const scene = ready.when(
      memory(slot(firstStage.l4, 4, 0xfee0_0000n), firstStage.l3 | 7n),
      memory(slot(firstStage.l3, 3, 0xfee0_0000n), firstStage.l2 | 7n),
      memory(slot(firstStage.l2, 2, 0xfee0_0000n), firstStage.l1 | 7n),
      memory(slot(firstStage.l1, 1, 0xfee0_0000n), data | 7n),
    );
    expect(reached(scene, writesAs(first, 0xfee0_0000n))).toBe(data);
    expect(scene.when(writes(0xfee0_0000n)).types).toContain("InterruptRequested");
  });

  test("[FS6] a page that the P2M does not grant is the host's affair", () => {
    const scene = ready.when(memory(l1, 0x1_0000_0007n), readsAs(first, gva));
    expect(scene.of("DmaBlocked")).toMatchObject([{ host: "hole" }]);
    expect(scene.of("FaultRecorded")).toEqual([]);
  });

  test("[FS7] works without caching mode, which second-stage tables need", () => {
    const plain = given(scalableUnit({ cap: { cm: false } }), scalableBooted);
    expect(reached(plain, readsAs(first, gva))).toBe(data);
    expect(reached(plain, readsAs(second, below + data))).toBe("refused");
    expect(reached(plain.when(firstStageTables(below)), readsAs(nested, gva))).toBe("refused");
  });
});

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

describe("nesting", () => {
  const both = given(scalableUnit(), scalableTables, firstStageTables(below), scalableOn);
  const nests = both.when(scalableQueue);

  test("[NE1] tables and pages of a nested first stage are the second stage's addresses", () => {
    expect(reached(nests, readsAs(nested, gva), writesAs(nested, gva))).toBe(data);
  });

  test("[NE2] the shadow of the second stage lies under it, until an invalidation", () => {
    const entry = slot(secondStage.l1, 1, below + data);
    const moved = nests.when(readsAs(nested, gva), memory(entry, spare | 3n));
    expect(reached(moved, readsAs(nested, gva))).toBe(data);
    const wrong = moved.when(announce(pasidIotlb(dids.nested, nested)));
    expect(reached(wrong, readsAs(nested, gva))).toBe(data);
    expect(reached(moved.when(announce(iotlbOfDomain(dids.nested))), readsAs(nested, gva))).toBe(
      spare,
    );
  });

  test("[NE3] with the capability off a guest that nests harms only itself", () => {
    const off = given(
      scalableUnit({ ecap: { nest: false } }),
      scalableTables,
      firstStageTables(below),
      scalableOn,
    );
    expect(reached(off, readsAs(nested, gva))).toBe("5bh");
    expect(reached(off, readsAs(second, below + 0x8000n, other))).toBe(0x8000n);
    expect(reached(off, reads(below + 0x8000n, other))).toBe(0x8000n);
  });

  test("[NE4] a virtual device nests by walking both stages", () => {
    const devices = [{ device: nvme, physical: false }];
    const scene = given(
      scalableUnit({ devices }),
      scalableTables,
      firstStageTables(below),
      scalableOn,
      pasidEntry(0x45, nestedEntry({ did: 9 })),
    );
    const [translated] = scene.when(readsAs(0x45, gva)).of("DmaTranslated");
    expect(translated?.gpa).toBe(data);
  });
});
