import { describe, expect, test } from "vitest";
import { reason } from "../../events/fault/fault-reason.ts";
import { WaitDescriptor } from "../../events/queue/descriptors.ts";
import { at } from "../../events/registers/offset.ts";
import { asksFor, deviceBooted, deviceUnit, pageResponse } from "./device-driver.ts";
import { answers, asking, entryAt, one, prs, recordOf, unbound } from "./device-scene.ts";
import { booted, command, contextsOfAll, memory, unmap } from "./driver.ts";
import type { Inputs } from "./given.ts";
import { given } from "./given.ts";
import {
  context,
  contextTable,
  gva,
  other,
  pasidEntry,
  pasids,
  scalableRoot,
} from "./scalable-driver.ts";
import { allPasids, announce } from "./scalable-queue.ts";
import { nvme } from "./unit.ts";

describe("page requests that are refused", () => {
  const tables = (...changes: readonly Inputs[]): Inputs => [changes, announce(contextsOfAll)];
  test.each<readonly [string, number, Inputs, number]>([
    ["38h", reason.scalableRootAccess, tables(unmap(scalableRoot, 0x1000n)), pasids.firstStage],
    ["39h", reason.scalableRootNotPresent, tables(memory(scalableRoot, 0n)), pasids.firstStage],
    [
      "3Ah",
      reason.scalableRootReserved,
      tables(memory(scalableRoot, contextTable | 3n)),
      pasids.firstStage,
    ],
    [
      "40h",
      reason.scalableContextAccess,
      tables(memory(scalableRoot, 0x9000_0001n)),
      pasids.firstStage,
    ],
    [
      "41h",
      reason.scalableContextNotPresent,
      tables(context({ present: false })),
      pasids.firstStage,
    ],
    [
      "42h",
      reason.scalableContextReserved,
      tables(memory(contextTable + 0x400n, 0x21n)),
      pasids.firstStage,
    ],
    [
      "45h",
      reason.pasidDisabled,
      tables(context({ dte: true, pre: true, paside: false })),
      pasids.firstStage,
    ],
    ["43h", reason.scalableContextInvalid, tables(context({ pre: true })), pasids.firstStage],
    ["46h", reason.pasidBeyondDirectory, [], 0x2000],
    ["47h", reason.pageRequestDisabled, tables(context({ dte: true })), pasids.firstStage],
  ])(
    "[PQ9] one that the context does not allow is reported and invalid: %s",
    (_, code, change, pasid) => {
      const changed = asking.when(change);
      const scene = changed.when(asksFor(gva, { pasid }));
      expect(scene.of("PageRequestDropped")).toMatchObject([{ reason: code }]);
      expect(scene.of("PageGroupAnswered")).toMatchObject([
        { response: "invalid", automatic: true },
      ]);
      expect(recordOf(scene)).toMatchObject({ fr: code, pp: true, fi: gva, t1: false, t2: true });
      expect(prs(scene)).toBe(0n);
      expect(answers(changed, asksFor(gva, { pasid, last: false }))).toEqual([]);
    },
  );

  test("[PQ9] FPD keeps 47h from being recorded", () => {
    const quiet = asking.when(context({ fpd: true }), announce(contextsOfAll), asksFor(gva));
    expect(quiet.of("FaultSuppressed")).toMatchObject([{ reason: 0x47 }]);
  });

  test("[PQ10] in legacy mode each is blocked with 32h", () => {
    const scene = given(deviceUnit(), booted).when(asksFor(gva));
    // T1 and T2 say that it was a page request, whatever it asks for; it has no address type.
    expect(recordOf(scene)).toMatchObject({ fr: 0x32, t1: false, t2: true, at: 0 });
    expect(scene.of("PageGroupAnswered")).toMatchObject([{ response: "invalid" }]);
  });

  test("[PQ11] with translation off, or without ECAP.PRS, each is invalid, not reported", () => {
    const off = asking.when(command(0n)).when(asksFor(gva));
    expect(off.of("PageRequestDropped")).toMatchObject([{ why: "off" }]);
    const lacking = given(deviceUnit({ ecap: { prs: false } }), booted).when(asksFor(gva));
    expect(lacking.of("PageRequestDropped")).toMatchObject([{ why: "unsupported" }]);
    for (const scene of [off, lacking]) {
      expect(scene.of("PageGroupAnswered")).toMatchObject([{ response: "invalid" }]);
      expect(scene.register(at.fsts)).toBe(0n);
    }
  });

  test("[PQ12] what is wrong in the PASID table is reported, and answered as invalid", () => {
    const gone = pasidEntry(pasids.firstStage, { present: false });
    const scene = asking.when(gone, announce(allPasids), asksFor(gva));
    expect(scene.of("PageRequestDropped")).toMatchObject([{ reason: 0x59 }]);
    expect(scene.of("PageGroupAnswered")).toMatchObject([{ response: "invalid" }]);
    expect(recordOf(scene)).toMatchObject({ fr: 0x59, pp: true, fi: gva });
    const disabled = asking.when(context({ dte: true }), announce(contextsOfAll), gone);
    expect(disabled.when(asksFor(gva)).of("PageRequestDropped")).toMatchObject([{ reason: 0x47 }]);
  });
});

describe("groups of page requests", () => {
  test("[PQ13] the answer to a group goes to its device, once", () => {
    const done = one.when(announce(pageResponse()));
    expect(done.of("PageGroupAnswered")).toEqual([
      {
        ...{ type: "PageGroupAnswered", device: nvme, pasid: pasids.firstStage },
        ...{ group: 1, response: "success" },
      },
    ]);
    expect(done.guest().pageRequests.groups).toEqual({});
    const again = done.when(announce(pageResponse(), 1));
    expect(again.of("PageGroupIgnored")).toHaveLength(1);
  });

  test.each<readonly [string, Inputs]>([
    ["of another group", announce(pageResponse({ prgi: 2 }))],
    ["of another PASID", announce(pageResponse({ pasid: 0x42 }))],
    ["without a PASID", announce(pageResponse({ pp: false, pasid: 0 }))],
    ["of another device", announce(pageResponse({ rid: other }))],
    ["of no device", announce(pageResponse({ rid: 0x300 }))],
  ])("[PQ14] an answer %s is ignored", (_, answer) => {
    const scene = one.when(answer);
    expect(scene.of("PageGroupIgnored")).toHaveLength(1);
    expect(scene.register(at.fsts)).toBe(0n);
    expect(Object.keys(scene.guest().pageRequests.groups)).toHaveLength(1);
  });

  test("[PQ15] a code that means nothing is a failure to the device", () => {
    const codes = [0, 1, 2, 15].map(
      (rc) => answers(one, announce(pageResponse({ rc })))[0]?.response,
    );
    expect(codes).toEqual(["success", "invalid", "failure", "failure"]);
  });

  test("[PQ16] a group takes requests of one PASID up to its last, and no answer before", () => {
    const some = asking.when(
      asksFor(gva, { last: false }),
      asksFor(gva + 0x1000n, { last: false }),
    );
    expect(some.of("PageRequestQueued")).toHaveLength(2);
    expect(some.when(announce(pageResponse())).of("PageGroupIgnored")).toHaveLength(1);
    expect(some.when(asksFor(gva, { pasid: 0x42 })).refusals).toHaveLength(1);
    const whole = some.when(asksFor(gva));
    expect(whole.when(asksFor(gva)).refusals).toHaveLength(1);
    expect(whole.when(asksFor(gva, { pasid: 0x42 })).refusals).toHaveLength(1);
    expect(whole.when(asksFor(gva, { group: 2 })).of("PageRequestQueued")).toHaveLength(1);
    const answered = whole.when(announce(pageResponse()));
    expect(answered.when(asksFor(gva)).of("PageRequestQueued")).toHaveLength(1);
  });

  test("[PQ17] a stop marker is queued and has no answer", () => {
    const scene = asking.when(asksFor(gva, { read: false }));
    expect(entryAt(scene, 0)).toMatchObject({ rd: false, wr: false, lpig: true });
    expect(scene.guest().pageRequests.groups).toEqual({});
    expect(scene.when(announce(pageResponse())).of("PageGroupIgnored")).toHaveLength(1);
  });

  test.each<readonly [string, Inputs]>([
    ["asks for nothing before the end", asksFor(gva, { read: false, last: false })],
    ["stops without a PASID", { ...unbound(), read: false }],
    ["executes without reading", asksFor(gva, { read: false, write: true, execute: true })],
    ["has rights without a PASID", { ...unbound(), privileged: true }],
    ["comes from nowhere", asksFor(gva, { device: 0x300 as typeof nvme })],
  ])("[PQ18] a request that %s is refused", (_, request) => {
    const scene = asking.when(request);
    expect(scene.refusals).toHaveLength(1);
    expect(scene.facts).toHaveLength(1);
  });

  test("[PQ19] a wait that drains page requests completes once those before it are queued", () => {
    const wait = WaitDescriptor.encode({ type: 5, sw: true, fn: true, pd: true, data: 7 });
    const drained = one.when(announce(wait | (0x9000n << 64n)));
    expect(drained.word(0x9000n)).toBe(7n);
    expect(entryAt(drained, 0).addr).toBe(gva);
    const lacking = given(deviceUnit({ ecap: { pds: false } }), deviceBooted, announce(wait));
    expect(lacking.register(at.fsts)).toBe(0x10n);
  });
});
