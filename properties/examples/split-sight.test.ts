import { describe, expect, test } from "vitest";
import type { Gpa } from "../../events/address.ts";
import { pageOf } from "../../events/address.ts";
import type { Input } from "../../events/input.ts";
import { at } from "../../events/registers/offset.ts";
import { followTrail, startTrail } from "../../history/provenance.ts";
import { stepOf } from "../../history/step.ts";
import {
  command,
  contextsOfAll,
  iotlbOfAll,
  memory,
  page,
  reads,
  srtp,
  tables,
  te,
  turnOn,
  wbf,
  width4,
  write8,
} from "./driver.ts";
import { given } from "./given.ts";
import {
  below,
  data,
  dids,
  firstStageEntry,
  gva,
  pasidEntry,
  pasids,
  readsAs,
  scalableOn,
  scalableRoot,
  scalableTables,
  scalableUnit,
  secondStage,
  slot,
} from "./scalable-driver.ts";
import { allPasids, announce, scalableQueue } from "./scalable-queue.ts";
import { l1, reached, spare } from "./scalable-scene.ts";
import { nvme } from "./unit.ts";

const writeBack: Input = { type: "CacheFlush", gpa: 0n as Gpa, length: 0x4_0000n };
const { firstStage: first, secondStage: second } = pasids;
const secondLeaf = slot(secondStage.l1, 1, below);
const [toSpare, alsoToSpare] = [memory(l1, spare | 7n), memory(secondLeaf, spare | 3n)];

/** A unit with the two kinds of coherence, all of whose tables are written back. */
const unitWith = (c: boolean, smpwcs: boolean) => scalableUnit({ ecap: { c, smpwcs } });
const ready = (c: boolean, smpwcs: boolean) =>
  given(unitWith(c, smpwcs), scalableTables, writeBack, scalableOn, scalableQueue);
const announceAll = [contextsOfAll, allPasids, iotlbOfAll].map((each, at) => announce(each, at));
const forget = (index: number) => announce(iotlbOfAll, index);
const fresh = pasidEntry(0x45, firstStageEntry({ did: 9 }));
const reads45 = readsAs(0x45, gva);

describe("a unit whose ECAP.SMPWC differs from ECAP.C", () => {
  test("[TR16] with SMPWC alone sees paging structures at once, PASID entries later", () => {
    const scene = ready(false, true);
    expect(reached(scene, toSpare, readsAs(first, gva))).toBe(spare);
    const told = scene.when(alsoToSpare, forget(0));
    expect(reached(told, readsAs(second, below))).toBe(spare);
    expect(reached(scene, fresh, reads45)).toBe("59h");
    expect(reached(scene, fresh, writeBack, reads45)).toBe(data);
  });

  test("[TR16] with C alone it sees PASID entries at once, paging structures later", () => {
    const scene = ready(true, false);
    expect(reached(scene, toSpare, readsAs(first, gva))).toBe(data);
    expect(reached(scene, toSpare, writeBack, readsAs(first, gva))).toBe(spare);
    const used = scene.when(readsAs(second, below));
    const told = used.when(alsoToSpare, forget(0));
    expect(reached(told, readsAs(second, below))).toBe(0n);
    expect(reached(told, writeBack, readsAs(second, below))).toBe(0n);
    expect(reached(told, writeBack, forget(1), readsAs(second, below))).toBe(spare);
    expect(reached(scene, fresh, reads45)).toBe(data);
  });

  test("[TR16] what was marked is what its walks see otherwise", () => {
    const used = ready(false, true).when(readsAs(second, below), alsoToSpare);
    expect(reached(used, readsAs(second, below))).toBe(0n);
    expect(reached(used.when(forget(0)), readsAs(second, below))).toBe(spare);
  });

  test("[TR16] sees all tables of legacy mode by ECAP.C", () => {
    expect(reached(given(unitWith(true, false), tables, turnOn), reads(page))).toBe(0x7000n);
    expect(reached(given(unitWith(false, true), tables, turnOn), reads(page))).toBe("1h");
  });

  test("[TR16] reads that snoop see what the CPU wrote behind what is buffered", () => {
    const slow = scalableUnit({ cap: { rwbf: true }, ecap: { c: false, smpwcs: true } });
    const on = [scalableTables, writeBack, command(wbf), scalableOn, scalableQueue];
    const twice = [toSpare, writeBack, memory(l1, data | 7n)];
    expect(reached(given(slow, ...on), ...twice, readsAs(first, gva))).toBe(data);
  });

  test("[TR16] sees the same second stage otherwise once the mode is another one", () => {
    const legacy = [
      memory(0x5_0000n, 0x5_1001n, 0n),
      memory(0x5_1200n, secondStage.l4 | 1n, width4(dids.secondStage)),
      ...[write8(at.rtaddr, 0x5_0000n), command(srtp), command(te)],
    ];
    const scene = given(unitWith(true, false), scalableTables, writeBack, alsoToSpare, legacy);
    const used = scene.when(reads(below));
    expect(used.of("DmaLanded")).toMatchObject([{ gpa: spare }]);
    // Translation stays on, so that nothing else makes the unit forget its shadows.
    const turned = [write8(at.rtaddr, scalableRoot | 0x400n), command(srtp | te), scalableQueue];
    expect(reached(used.when(turned, forget(0)), reads(below))).toBe(0n);
    expect(reached(used.when(turned, announceAll), readsAs(second, below))).toBe(0n);
  });

  test("[TR16] who wrote an entry is told from what the unit sees of its table", () => {
    const path = { table: "first stage", level: 1, address: l1 as Gpa, words: 1 } as const;
    const of = { guest: 0, device: nvme, pasid: first, page: pageOf(gva) };
    const place = { ...of, entries: [{ ...path, page: pageOf(gva) }] };
    for (const [smpwcs, writes] of [
      [true, [{ by: "cpu", to: spare | 7n }]],
      [false, []],
    ] as const) {
      const step = stepOf(ready(!smpwcs, smpwcs).world, toSpare);
      expect(followTrail(startTrail(place), step).entries).toMatchObject([{ writes }]);
    }
  });
});
