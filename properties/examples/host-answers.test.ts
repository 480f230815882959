import { describe, expect, test } from "vitest";
import type { Call } from "../../calls/call.ts";
import { callsAfterFailure, callsOf } from "../../calls/calls-of.ts";
import type { Input } from "../../events/input.ts";
import { at } from "../../events/registers/offset.ts";
import { stepOf } from "../../history/step.ts";
import { asks, deviceBooted, deviceUnit } from "./device-driver.ts";
import { first, holding, refused } from "./device-scene.ts";
import {
  booted,
  contextEntry,
  iotlbOfAll,
  leafEntry,
  memory,
  page,
  queueOn,
  reads,
  submit,
  topTable,
  unmap,
  width4,
} from "./driver.ts";
import { flat, given } from "./given.ts";
import {
  callFailed,
  callsIn,
  faulted,
  following,
  hostAfter,
  named,
  released,
} from "./host-scene.ts";
import { gva, pasids } from "./scalable-driver.ts";
import { nvme, unit } from "./unit.ts";

const ready = given(unit(), booted, queueOn);
const blocked = (scene: typeof ready, request: Input) =>
  scene.when(request).of("DmaBlocked")[0]?.host;

describe("faults that the host relays", () => {
  test("[HK12] one is recorded with the reason that the guest's tables give", () => {
    const scene = ready.when(faulted(page + 0x1000n, "unmapped"));
    expect(scene.of("HostFaultRelayed")).toMatchObject([{ to: "guest" }]);
    expect(scene.of("FaultRecorded")).toMatchObject([{ source: nvme, reason: 6, access: "read" }]);
    const write = faulted(page + 0x1000n, "unmapped", { access: "write" });
    expect(ready.when(write).of("FaultRecorded")).toMatchObject([{ reason: 5 }]);
  });

  test("[HK12] one that is repeated collapses, one that FPD covers is not recorded", () => {
    const twice = ready.when(faulted(page + 0x1000n, "unmapped"));
    expect(twice.when(faulted(page + 0x2000n, "unmapped")).of("FaultCollapsed")).toHaveLength(1);
    const quiet = memory(contextEntry, topTable | 3n, width4(5));
    const scene = ready.when(quiet, submit(0x11n), faulted(page + 0x1000n, "unmapped"));
    expect(scene.of("FaultSuppressed")).toMatchObject([{ reason: 6 }]);
  });

  test("[HK12] those that were lost are an overflow, once", () => {
    const lost = ready.when(faulted(page + 0x1000n, "unmapped", { lost: 3 }));
    expect(lost.of("HostFaultRelayed")).toMatchObject([{ lost: 3 }]);
    expect(lost.types).toEqual([
      "HostFaultRelayed",
      "FaultOverflowed",
      "EventPended",
      "FaultDropped",
    ]);
    expect(lost.register(at.fsts) & 1n).toBe(1n);
    const more = lost.when(faulted(page, "unmapped", { lost: 1 }));
    expect(more.of("FaultOverflowed")).toEqual([]);
    const recorded = ready.when(faulted(page + 0x1000n, "unmapped"));
    const later = recorded.when(faulted(page + 0x2000n, "unmapped", { lost: 1 }));
    expect(later.of("FaultOverflowed")).toHaveLength(1);
    expect(later.register(at.fsts) & 3n).toBe(3n);
  });

  test("[HK12] a hole in the P2M is the host's affair, a page that came is nobody's", () => {
    const hole = ready.when(unmap(0x7000n, 0x1000n), faulted(page, "unmapped"));
    expect(hole.of("HostFaultRelayed")).toMatchObject([{ to: "host" }]);
    expect(ready.when(faulted(page, "unmapped")).of("HostFaultRelayed")).toMatchObject([
      { to: "nobody" },
    ]);
    expect(hole.of("FaultRecorded")).toEqual([]);
    const stage = ready.when(faulted(page + 0x1000n, "firstStage"));
    expect(stage.of("HostFaultRelayed")).toMatchObject([{ to: "nobody" }]);
  });

  test("[HK12] of a first stage the guest is told what its own tables lack", () => {
    const scene = given(deviceUnit(), deviceBooted);
    const { pasid } = first;
    const fault = (reason: "firstStage" | "unmapped") =>
      scene.when(faulted(gva + 0x5000n, reason, { pasid: pasid ?? 0 }));
    expect(fault("firstStage").of("FaultRecorded")).toMatchObject([{ reason: 0x71, pasid }]);
    expect(fault("unmapped").of("HostFaultRelayed")).toMatchObject([{ to: "host" }]);
  });

  test("[HK12] a device that is not there, or emulated, has no faults of the host's", () => {
    const devices = [{ device: nvme, physical: false }];
    const emulated = given(unit({ devices }), booted);
    for (const input of [faulted(page, "unmapped"), callFailed(), released()]) {
      expect(emulated.when(input).refusals[0]).toContain("the device is emulated");
      const none = given(unit({ devices: [] })).when(input);
      expect(none.refusals[0]).toContain("there is no such device");
    }
  });
});

describe("a requester that is kept out", () => {
  const out = ready.when(callFailed());

  test("[HK13] its requests are blocked until it is released, whatever the guest says", () => {
    expect(out.of("DeviceKeptOut")).toEqual([
      { type: "DeviceKeptOut", source: nvme, result: "timedOut" },
    ]);
    expect(blocked(out, reads(page))).toBe("keptOut");
    expect(blocked(out.when({ type: "UnitReset" }), reads(0x7000n))).toBe("keptOut");
    expect(out.when(reads(page)).of("FaultRecorded")).toEqual([]);
    const back = out.when(released());
    expect(back.types).toEqual(["DeviceLetIn"]);
    expect(back.when(reads(page)).of("DmaLanded")).toHaveLength(1);
  });

  test("[HK13] it is kept out once, and let in once", () => {
    expect(out.when(callFailed()).facts).toEqual([]);
    expect(ready.when(released()).refusals).toEqual(["host release: it is not kept out"]);
    const gone = out.when({ type: "DeviceRemove", device: nvme });
    const again = gone.when({ type: "DeviceAssign", device: nvme, physical: true });
    expect(again.when(released()).refusals).toHaveLength(1);
  });

  test("[HK13] what was in flight has landed; what its TLB held is gone", () => {
    const sent = ready.when({ ...reads(page), type: "DmaIssue", tag: 1, access: "read" } as Input);
    expect(sent.when(callFailed()).types).toEqual(["DmaLanded", "DeviceKeptOut"]);
    const held = holding.when(callFailed(pasids.firstStage), released(pasids.firstStage));
    expect(
      refused(held, { ...reads(gva), pasid: pasids.firstStage, translated: true } as Input),
    ).toBe(true);
    expect(
      holding.when(callFailed(), asks("read", gva, first)).of("TranslationAnswered"),
    ).toHaveLength(1);
    const asked = holding.when(callFailed(pasids.firstStage), asks("read", gva, first));
    expect(asked.of("TranslationBlocked")).toMatchObject([{ host: "keptOut" }]);
  });

  test("[HK13] its calls: it goes, what the guest changes reaches spaces, it comes back", () => {
    expect(named(callsIn(ready, callFailed()))).toEqual([`detach ${nvme}`]);
    const change = [memory(leafEntry, 0xa003n), submit(iotlbOfAll)];
    expect(named(callsIn(out, change))).toEqual(["unmap 1", "map 1"]);
    expect(named(callsIn(out, { type: "UnitReset" }))).toEqual(["destroySpace 1"]);
    expect(named(callsIn(out.when(change), released()))).toEqual([`attach ${nvme}`]);
    const host = following(out);
    expect(host.targets.size).toBe(0);
    hostAfter(callsIn(out, change, released()), host);
    expect(host.targets.size).toBe(1);
  });

  test("[HK14] a time-out in the middle keeps from memory all that it concerns", () => {
    const change = memory(contextEntry, topTable | 1n, width4(6));
    const inputs = flat([change, submit(0x11n)]);
    const before = ready.when(inputs.slice(0, -1));
    const step = stepOf(before.world, inputs.at(-1) as Input);
    const calls = callsOf(step, 0);
    expect(named(calls)).toEqual(["createSpace 2", "map 2", `attach ${nvme}`, "destroySpace 1"]);
    const keep = [
      { call: "attach", requester: { source: nvme, pasid: undefined }, target: { to: "blocked" } },
    ];
    for (const call of calls.slice(0, 3)) {
      expect(callsAfterFailure(step.after, call, "timedOut", 0)).toEqual(keep);
    }
    expect(callsAfterFailure(step.after, calls[3] as Call, "failed", 0)).toEqual([]);
    expect(callsAfterFailure(step.after, calls[1] as Call, "done", 0)).toEqual([]);
  });
});
