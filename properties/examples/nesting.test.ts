import { describe, expect, test } from "vitest";
import { memory, reads } from "./driver.ts";
import { given } from "./given.ts";
import {
  below,
  data,
  dids,
  firstStageTables,
  gva,
  nestedEntry,
  other,
  pasidEntry,
  pasids,
  readsAs,
  scalableOn,
  scalableTables,
  scalableUnit,
  secondStage,
  slot,
  writesAs,
} from "./scalable-driver.ts";
import { announce, iotlbOfDomain, pasidIotlb, scalableQueue } from "./scalable-queue.ts";
import { reached, spare } from "./scalable-scene.ts";
import { nvme } from "./unit.ts";

const { secondStage: second, nested } = pasids;

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

  test("[NE1] what a write cached of a page that may only be written below is not read", () => {
    const entry = slot(secondStage.l1, 1, below + data);
    const writeOnly = nests.when(memory(entry, data | 2n), announce(iotlbOfDomain(dids.nested)));
    expect(reached(writeOnly, writesAs(nested, gva))).toBe(data);
    const written = writeOnly.when(writesAs(nested, gva));
    expect(reached(written, readsAs(nested, gva))).toBe("86h");
    const virtual = given(
      scalableUnit({ devices: [{ device: nvme, physical: false }] }),
      ...[scalableTables, firstStageTables(below), scalableOn],
      ...[pasidEntry(0x45, nestedEntry({ did: 9 })), memory(entry, data | 2n)],
    ).when(writesAs(0x45, gva));
    expect(virtual.of("DmaTranslated")).toMatchObject([{ gpa: data }]);
    expect(virtual.when(readsAs(0x45, gva)).of("DmaBlocked")).toMatchObject([{ reason: 0x86 }]);
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
