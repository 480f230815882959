import { describe, expect, test } from "vitest";
import { reason } from "../../events/fault/fault-reason.ts";
import { memory, writes } from "./driver.ts";
import type { Scene } from "./given.ts";
import { given } from "./given.ts";
import {
  below,
  data,
  fifthLevel,
  firstStage,
  firstStage5,
  firstStageEntry,
  firstStageTables,
  gva,
  pasidDma,
  pasidEntry,
  pasids,
  readsAs,
  scalableBooted,
  scalableUnit,
  slot,
  writesAs,
} from "./scalable-driver.ts";
import { l1, l2, l4, reached, ready } from "./scalable-scene.ts";

const { firstStage: first, secondStage: second, nested } = pasids;

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
