import { describe, expect, test } from "vitest";
import { at } from "../../events/registers/offset.ts";
import { Iqa, Iqercd } from "../../events/registers/queue.ts";
import {
  command,
  contextsOfAll,
  iotlbOfAll,
  memory,
  qie,
  queue,
  queueOn,
  rootTable,
  srtp,
  submit,
  te,
  waitNothing,
  write,
  write8,
} from "./driver.ts";
import type { Scene } from "./given.ts";
import { given } from "./given.ts";
import { scalableOn, scalableUnit } from "./scalable-driver.ts";
import { announce, scalableQueue } from "./scalable-queue.ts";
import { unit } from "./unit.ts";

const wide = write8(at.iqa, queue | Iqa.mask("dw"));
const latched = (mode: bigint) => [write8(at.rtaddr, rootTable | (mode << 10n)), command(srtp)];
const halts = ({ of }: Scene) => of("QueueHalted");
const why = (scene: Scene) => Iqercd.decode(scene.register(at.iqercd, 8)).iqei;

describe("the queue and the mode of the tables", () => {
  test.each([
    ["context-cache", contextsOfAll],
    ["IOTLB", iotlbOfAll],
    ["wait", waitNothing],
  ])("[IQ30] in scalable mode a %s descriptor of 128 bits is IQEI 5", (_, descriptor) => {
    const scene = given(scalableUnit(), scalableOn, queueOn).when(submit(descriptor));
    expect(halts(scene)).toMatchObject([{ error: "IQE", iqei: 5 }]);
    expect(why(scene)).toBe(5);
    expect(scene.register(at.iqh)).toBe(0n);
    const fits = given(scalableUnit(), scalableOn, scalableQueue).when(announce(descriptor));
    expect(halts(fits)).toEqual([]);
  });

  test("[IQ30] the mode counts that is latched when the descriptor is fetched", () => {
    const second = memory(queue + 16n, iotlbOfAll, 0n);
    const narrow = given(scalableUnit(), second, write8(at.iqa, queue), command(qie));
    const legacy = narrow.when(submit(iotlbOfAll));
    expect(halts(legacy)).toEqual([]);
    const written = legacy.when(write8(at.rtaddr, rootTable | 0x400n), write8(at.iqt, 0x20n));
    expect(halts(written)).toEqual([]);
    const later = legacy.when(latched(1n).slice(0, 1), command(qie | srtp), write8(at.iqt, 0x20n));
    expect(halts(later)).toMatchObject([{ iqei: 5 }]);
    const back = later.when(
      write8(at.rtaddr, rootTable),
      command(qie | srtp),
      write(at.fsts, 0x10n),
    );
    expect(back.of("QueueHalted")).toEqual([]);
    expect(back.types).toContain("QueueErrorCleared");
  });

  test("[IQ31] a mode that the unit has not is IQEI 7, whatever the width", () => {
    for (const setup of [unit(), scalableUnit()]) {
      const scene = given(setup, latched(2n), queueOn).when(submit(iotlbOfAll));
      expect(halts(scene)).toMatchObject([{ error: "IQE", iqei: 7 }]);
      expect(scene.of("IotlbInvalidated")).toEqual([]);
    }
    const both = given(scalableUnit(), latched(2n), wide, command(qie)).when(announce(iotlbOfAll));
    expect(halts(both)).toMatchObject([{ iqei: 7 }]);
    for (const mode of [1n, 3n]) {
      const lacking = given(unit(), latched(mode), queueOn).when(submit(iotlbOfAll));
      expect(halts(lacking)).toMatchObject([{ iqei: 7 }]);
    }
    const abort = given(unit({ ecap: { adms: true } }), latched(3n), queueOn);
    expect(halts(abort.when(submit(iotlbOfAll)))).toEqual([]);
  });

  test("[IQ32] ECAP.ADMS alone is enough for wide descriptors", () => {
    const able = given(unit({ ecap: { adms: true } }), wide, command(qie));
    expect(halts(able.when(announce(iotlbOfAll)))).toEqual([]);
    const not = given(unit(), wide, command(qie)).when(announce(iotlbOfAll));
    expect(halts(not)).toMatchObject([{ iqei: 5 }]);
    expect(te).not.toBe(qie);
  });

  test.each([
    ["PASID-cache", 0x37n],
    ["PASID-based IOTLB", 0x26n],
  ])("[IQ33] in legacy mode a %s descriptor is of no type", (_, descriptor) => {
    const legacy = given(scalableUnit(), wide, command(qie)).when(announce(descriptor));
    expect(halts(legacy)).toMatchObject([{ error: "IQE", iqei: 3 }]);
    const scalable = given(scalableUnit(), scalableOn, scalableQueue).when(announce(descriptor));
    expect(halts(scalable)).toEqual([]);
  });
});
