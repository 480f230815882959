import { describe, expect, test } from "vitest";
import { at } from "../../events/registers/offset.ts";
import {
  booted,
  command,
  iotlbOfAll,
  iotlbOfDomain,
  iotlbOfPage,
  memory,
  page,
  qie,
  queue,
  queueOn,
  submit,
  submitAt,
  te,
  unmap,
  waitNothing,
  waitStatus,
  write,
  write8,
} from "./driver.ts";
import type { Scene } from "./given.ts";
import { given } from "./given.ts";
import { unit } from "./unit.ts";

const iqe = 0x10n;
const ready = given(unit(), booted, queueOn);
const code = (scene: Scene): bigint => scene.register(at.iqercd, 8) & 0xfn;
describe("enabling and disabling", () => {
  test("[IQ1] QIE latches IQA and puts the head to 0", () => {
    expect(ready.guest().queue).toMatchObject({ address: queue, head: 0 });
    expect(ready.register(at.gsts) & qie).toBe(qie);
    expect(ready.register(at.iqh, 8)).toBe(0n);
  });

  test("[IQ2] QIE off is refused unless the last descriptor was a wait", () => {
    const work = ready.when(submit(iotlbOfAll));
    const refused = work.when(command(te));
    expect(refused.refusals).toEqual(["the queue is disabled before its last wait was reached"]);
    expect(refused.register(at.gsts) & qie).toBe(qie);
    const waited = work.when(submitAt(16, waitNothing), command(te));
    expect(waited.types).toContain("QueueDisabled");
    expect(waited.register(at.gsts) & qie).toBe(0n);
  });

  test("[IQ3] a queue that was never used may be disabled", () => {
    expect(ready.when(command(te)).types).toEqual(["QueueDisabled"]);
  });

  test("[IQ4] IQT written before QIE counts once the queue is enabled", () => {
    const scene = given(unit(), booted, submit(iotlbOfAll, waitNothing)).when(queueOn);
    expect(scene.types).toContain("IotlbInvalidated");
    expect(scene.register(at.iqh, 8)).toBe(0x20n);
  });

  test("[IQ20] a queue that is enabled while IQE stands waits until it is cleared", () => {
    const halted = ready.when(write8(at.iqt, 0x7fff0n), write8(at.iqt, 0n), command(te));
    const scene = halted.when(submit(iotlbOfAll, waitNothing), queueOn);
    expect(halted.types).toContain("QueueDisabled");
    expect(scene.types).not.toContain("DescriptorFetched");
    expect(scene.register(at.fsts) & iqe).toBe(iqe);
    expect(scene.register(at.iqh, 8)).toBe(0n);
    const cleared = scene.when(write(at.fsts, iqe));
    expect(cleared.types).toContain("IotlbInvalidated");
    expect(cleared.register(at.iqh, 8)).toBe(0x20n);
  });

  test("[IQ18] a queue that is enabled without work tells of no work", () => {
    const scene = given(unit(), booted).when(queueOn);
    expect(scene.types).toEqual(["RegisterSet", "QueueEnabled"]);
    expect(scene.when(write8(at.iqt, 0n)).types).toEqual([]);
  });
});

describe("execution", () => {
  test("[IQ5] descriptors are executed in order, and the head follows", () => {
    const scene = ready.when(submit(iotlbOfDomain(5), waitStatus(0x9000n, 1)));
    expect(scene.types.filter((type) => !type.startsWith("Register"))).toEqual([
      "QueueStarted",
      "DescriptorFetched",
      "IotlbInvalidated",
      "DescriptorCompleted",
      "DescriptorFetched",
      "MemoryWritten",
      "WaitCompleted",
      "DescriptorCompleted",
      "QueueEmptied",
    ]);
    expect(scene.register(at.iqh, 8)).toBe(0x20n);
  });

  test("[IQ6] the tail wraps from the end of the queue to its start", () => {
    const many = Array.from({ length: 254 }, () => iotlbOfDomain(9));
    const near = ready.when(submit(...many));
    expect(near.register(at.iqh, 8)).toBe(0xfe0n);
    const last = [iotlbOfDomain(9), iotlbOfDomain(9)].flatMap((one) => [one, 0n]);
    const first = [iotlbOfPage(5, page) & 0xffff_ffff_ffff_ffffn, page, waitNothing, 0n];
    const wrapped = near.when(memory(queue + 0xfe0n, ...last), memory(queue, ...first));
    const scene = wrapped.when(write8(at.iqt, 0x20n));
    expect(scene.of("DescriptorFetched").map(({ head }) => head)).toEqual([0xfe0, 0xff0, 0, 0x10]);
    expect(scene.register(at.iqh, 8)).toBe(0x20n);
  });

  test("[IQ7] a wait writes exactly four bytes of status", () => {
    const scene = ready.when(
      memory(0x9000n, 0xaaaa_aaaa_aaaa_aaaan),
      submit(waitStatus(0x9004n, 0x1234)),
    );
    expect(scene.word(0x9000n)).toBe(0x1234_aaaa_aaaan);
    expect(scene.of("MemoryWritten")[0]?.bytes).toHaveLength(4);
  });

  test.each([40n, 52n, 63n])("[IQ8] a status for bit %i, where no memory is, is lost", (bit) => {
    const address = 0x9000n | (1n << bit);
    const scene = ready.when(submit(waitStatus(address, 1), iotlbOfAll));
    expect(scene.word(0x9000n)).toBe(0n);
    expect(scene.of("MemoryWriteDropped")).toMatchObject([{ gpa: address, why: "hole" }]);
    expect(scene.register(at.iqh, 8)).toBe(0x20n);
    expect(scene.register(at.fsts)).toBe(0n);
  });

  test("[IQ8] a status word that the P2M does not take is lost, and the queue goes on", () => {
    const scene = ready.when(unmap(0x9000n, 0x1000n), submit(waitStatus(0x9000n, 1), iotlbOfAll));
    expect(scene.of("MemoryWriteDropped")).toMatchObject([{ gpa: 0x9000n, why: "hole" }]);
    expect(scene.register(at.iqh, 8)).toBe(0x20n);
    expect(scene.register(at.fsts)).toBe(0n);
  });

  test("[IQ9] a page-selective invalidation covers 2^AM aligned pages", () => {
    const scene = ready.when(submit(iotlbOfPage(5, page, 3)));
    expect(scene.of("IotlbInvalidated")).toMatchObject([
      { scope: "page", did: 5, iova: 0x1800000n, length: 0x8000n },
    ]);
  });
});

describe("errors", () => {
  const codes: readonly (readonly [string, Scene, bigint])[] = [
    ["1: a tail beyond the queue", ready.when(write8(at.iqt, 0x1000n)), 1n],
    ["2: a fetch from a hole", ready.when(unmap(queue, 0x1000n), submit(iotlbOfAll)), 2n],
    ["3: a type that does not exist", ready.when(submit(0xfn)), 3n],
    ["3: seven bits of type count", ready.when(submit(0x205n)), 3n],
    ["3: a descriptor of scalable mode", ready.when(submit(7n)), 3n],
    ["4: a reserved bit", ready.when(submit(iotlbOfAll | 0x100n)), 4n],
    ["4: a reserved granularity", ready.when(submit(2n)), 4n],
    ["4: AM above MAMV", ready.when(submit(iotlbOfPage(5, page, 10))), 4n],
  ];
  test.each(codes)("[IQ10] IQEI %s", (_, scene, wanted) => {
    expect(scene.register(at.fsts)).toBe(iqe);
    expect(code(scene)).toBe(wanted);
    expect(scene.register(at.iqh, 8)).toBe(0n);
  });

  test("[IQ10] IQEI 5: wide descriptors in legacy mode", () => {
    const wide = write8(at.iqa, queue | 0x800n);
    const scene = given(unit(), booted, wide, command(te | qie)).when(submit(iotlbOfAll, 0n));
    expect(code(scene)).toBe(5n);
  });

  test("[IQ11] the head stays at the bad descriptor; what was before it is done", () => {
    const scene = ready.when(submit(iotlbOfAll, 0xfn, iotlbOfAll));
    expect(scene.of("IotlbInvalidated")).toHaveLength(1);
    expect(scene.register(at.iqh, 8)).toBe(0x10n);
    expect(scene.when(write8(at.iqt, 0x40n)).of("DescriptorFetched")).toEqual([]);
  });

  test("[IQ12] clearing IQE fetches again at the head, without a write to the tail", () => {
    const halted = ready.when(submit(iotlbOfAll, 0xfn, waitNothing));
    const still = halted.when(write(at.fsts, iqe));
    expect(still.of("QueueHalted")).toMatchObject([{ error: "IQE", iqei: 3 }]);
    const mended = halted.when(memory(queue + 0x10n, iotlbOfAll, 0n), write(at.fsts, iqe));
    expect(mended.register(at.fsts)).toBe(0n);
    expect(mended.register(at.iqh, 8)).toBe(0x30n);
  });
});
