import { describe, expect, test } from "vitest";
import { iova, sourceId } from "../../events/address.ts";
import type { Input } from "../../events/input.ts";
import { at } from "../../events/registers/offset.ts";
import {
  booted,
  deviceTlbOf,
  iotlbOfAll,
  iotlbOfPage,
  leafEntry,
  memory,
  page,
  qie,
  queueOn,
  reads,
  submit,
  submitAt,
  waitInterrupt,
  waitNothing,
  waitStatus,
  write,
  write8,
} from "./driver.ts";
import { given } from "./given.ts";
import { nvme, unit } from "./unit.ts";

const nic = sourceId(0x0028);

const ice = 0x20n;
const ite = 0x40n;
const ready = given(unit(), booted, queueOn);
const answer = (result: "done" | "failed"): Input => ({
  type: "DeviceTlbAnswer",
  device: nvme,
  result,
});

describe("device TLBs", () => {
  const asked = ready.when(submit(deviceTlbOf(nvme), waitStatus(0x9000n, 1), iotlbOfAll));

  test("[IQ13] a wait waits for the answers of devices", () => {
    expect(asked.guest().queue.state).toBe("draining");
    expect(asked.word(0x9000n)).toBe(0n);
    const done = asked.when(answer("done"));
    expect(done.word(0x9000n)).toBe(1n);
    expect(done.register(at.iqh, 8)).toBe(0x30n);
  });

  test("[IQ14] a time-out sets ITE, names the device and aborts the wait", () => {
    const scene = asked.when({ type: "InvalidationTimeout" });
    expect(scene.types).toContain("WaitAborted");
    expect(scene.word(0x9000n)).toBe(0n);
    expect(scene.register(at.fsts)).toBe(ite);
    expect((scene.register(at.iqercd, 8) >> 32n) & 0xffffn).toBe(BigInt(nvme));
    expect(scene.of("IotlbInvalidated")).toEqual([]);
    const cleared = scene.when(write(at.fsts, ite));
    expect(cleared.of("IotlbInvalidated")).toHaveLength(1);
    expect(cleared.register(at.iqh, 8)).toBe(0x30n);
  });

  test("[IQ14] a time-out before a wait is reached halts the queue, which stays enabled", () => {
    const owing = ready.when(submit(deviceTlbOf(nvme)));
    const scene = owing.when({ type: "InvalidationTimeout" });
    expect(scene.types).toEqual(["DeviceTlbsGivenUp", "QueueHalted", "EventPended"]);
    expect(scene.register(at.fsts)).toBe(ite);
    expect(scene.register(at.gsts) & qie).toBe(qie);
    const more = scene.when(submitAt(16, iotlbOfAll));
    expect(more.of("IotlbInvalidated")).toEqual([]);
    const cleared = more.when(write(at.fsts, ite));
    expect(cleared.of("IotlbInvalidated")).toHaveLength(1);
    expect(cleared.register(at.iqh, 8)).toBe(0x20n);
  });

  test("[IQ18] a queue whose last error is cleared while it has no work tells of no work", () => {
    const owing = ready.when(submit(deviceTlbOf(nvme)), { type: "InvalidationTimeout" });
    const cleared = owing.when(write(at.fsts, ite));
    expect(cleared.types).toEqual(["QueueErrorCleared", "QueueResumed", "EventUnpended"]);
  });

  test("[IQ15] an answer that is a failure, or that nobody asked for, sets ICE", () => {
    const failed = asked.when(answer("failed"));
    expect(failed.register(at.fsts)).toBe(ice);
    expect(failed.register(at.iqercd, 8) >> 48n).toBe(BigInt(nvme));
    expect(ready.when(answer("done")).register(at.fsts)).toBe(ice);
  });

  test("[IQ15] ICE does not stop the queue", () => {
    const failed = asked.when(answer("failed"));
    expect(failed.word(0x9000n)).toBe(1n);
    expect(failed.of("IotlbInvalidated")).toHaveLength(1);
    expect(failed.guest().queue.state).toBe("idle");
    const strange = ready.when(answer("done"), submit(iotlbOfAll));
    expect(strange.of("IotlbInvalidated")).toHaveLength(1);
    const cleared = strange.when(write(at.fsts, ice));
    expect(cleared.types).toEqual(["QueueErrorCleared", "EventUnpended"]);
  });

  test("[IQ15] a unit without device TLBs has no ICE", () => {
    const plain = given(unit({ ecap: { dt: false } }), booted, queueOn).when(answer("done"));
    expect(plain.register(at.fsts)).toBe(0n);
    expect(plain.types).toEqual([]);
  });

  test("[IQ15] the source-id is that of the first answer until ICE is cleared", () => {
    const other: Input = { type: "DeviceTlbAnswer", device: nic, result: "failed" };
    const twice = ready.when(answer("done"), other);
    expect(twice.register(at.iqercd, 8) >> 48n).toBe(BigInt(nvme));
    const anew = twice.when(write(at.fsts, ice), other);
    expect(anew.register(at.iqercd, 8) >> 48n).toBe(BigInt(nic));
  });

  test("[IQ17] a tail that went wrong while the queue waited is an error, not work", () => {
    const waits = ready.when(submit(deviceTlbOf(nvme), waitNothing));
    expect(waits.guest().queue.state).toBe("draining");
    const wrong = waits.when(write8(at.iqt, 0x7_fff0n), answer("done"));
    expect(wrong.types).not.toContain("DescriptorFetched");
    expect(wrong.of("QueueHalted")).toMatchObject([{ error: "IQE", iqei: 1 }]);
  });

  test("[IQ16] a time-out while nothing waits changes nothing", () => {
    expect(ready.when({ type: "InvalidationTimeout" }).facts).toEqual([]);
  });
});

describe("completion event", () => {
  const message = [write(at.iedata, 0x41n), write(at.ieaddr, 0xfee0_0000n)];
  const im = 1n << 31n;
  const ip = 1n << 30n;

  test("[EV1] masked, the event is pending; unmasking sends it", () => {
    const masked = ready.when(message, submit(waitInterrupt));
    expect(masked.register(at.iectl)).toBe(im | ip);
    expect(masked.register(at.ics)).toBe(1n);
    const scene = masked.when(write(at.iectl, 0n));
    expect(scene.of("EventSent")).toEqual([
      { type: "EventSent", line: "invalidation", address: 0xfee0_0000n, data: 0x41 },
    ]);
    expect(scene.register(at.iectl)).toBe(0n);
  });

  test("[EV2] while IWC is set no further event arises", () => {
    const open = ready.when(message, write(at.iectl, 0n), submit(waitInterrupt));
    expect(open.of("EventSent")).toHaveLength(1);
    expect(open.when(submitAt(16, waitInterrupt)).of("EventSent")).toEqual([]);
    const cleared = open.when(write(at.ics, 1n));
    expect(cleared.register(at.ics)).toBe(0n);
    expect(cleared.when(submitAt(16, waitInterrupt)).of("EventSent")).toHaveLength(1);
  });

  test("[EV3] clearing IWC withdraws a pending event", () => {
    const scene = ready.when(message, submit(waitInterrupt), write(at.ics, 1n));
    expect(scene.register(at.iectl)).toBe(im);
    expect(scene.when(write(at.iectl, 0n)).of("EventSent")).toEqual([]);
  });
});

describe("what is in flight", () => {
  const issue: Input = {
    type: "DmaIssue",
    tag: 1,
    device: nvme,
    iova: iova(page),
    access: "write",
    length: 8,
    bytes: new Uint8Array(8).fill(7),
  };

  test("[IV4] what used the translation lands before the wait completes", () => {
    const scene = ready.when(reads(page), issue, memory(leafEntry, 0n));
    const told = scene.when(submit(iotlbOfPage(5, page), waitStatus(0x9000n, 1)));
    const order = told.types.filter((type) => type === "DmaLanded" || type === "WaitCompleted");
    expect(order).toEqual(["DmaLanded", "WaitCompleted"]);
    expect(told.word(0x7000n)).toBe(0x0707_0707_0707_0707n);
    const late = told.when({ type: "DmaComplete", tag: 1 });
    expect(late.refusals).toEqual(["DMA: tag 1 is not in flight"]);
  });
});
