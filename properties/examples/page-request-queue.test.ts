import { describe, expect, test } from "vitest";
import { at } from "../../events/registers/offset.ts";
import { asksFor, clear, deviceUnit, pageQueue, pageResponse } from "./device-driver.ts";
import { answers, asking, entryAt, leaf, one, prs, unbound } from "./device-scene.ts";
import { memory, protect, unmap, write, write8 } from "./driver.ts";
import type { Inputs, Scene } from "./given.ts";
import { given } from "./given.ts";
import { below, data, gva, pasids, readsAs } from "./scalable-driver.ts";
import { announce } from "./scalable-queue.ts";
import { nvme } from "./unit.ts";

const ppr = 1n;
const pro = 2n;
const reads = (iova: bigint): Inputs => readsAs(pasids.firstStage, iova);
describe("the page request queue", () => {
  test("[PQ1] a request is written at the tail, which moves on, and PPR is set", () => {
    expect(entryAt(one, 0)).toMatchObject({
      ...{ type: 1, pp: true, rid: nvme, pasid: pasids.firstStage, exe: false, pmr: false },
      ...{ rd: true, wr: false, lpig: true, prgi: 1, addr: gva },
    });
    expect(one.register(at.pqt, 8)).toBe(32n);
    expect(prs(one)).toBe(ppr);
    const rights = { privileged: true, execute: true, group: 5, last: false } as const;
    const two = one.when(asksFor(gva + 0x1234n, rights));
    expect(entryAt(two, 1)).toMatchObject({ exe: true, pmr: true, lpig: false, prgi: 5 });
    expect(entryAt(two, 1).addr).toBe(gva + 0x1000n);
    const without = one.when({ ...unbound(), group: 6 });
    expect(entryAt(without, 1)).toMatchObject({ pp: false, pasid: 0 });
  });

  test("[PQ2] the tail wraps at the end of the queue", () => {
    const end = asking.when(write8(at.pqt, 4064n), write8(at.pqh, 64n), asksFor(gva));
    expect(end.register(at.pqt, 8)).toBe(0n);
    expect(entryAt(end, 127).addr).toBe(gva);
    const larger = asking.when(write8(at.pqa, pageQueue | 1n), write8(at.pqt, 4064n), asksFor(gva));
    expect(larger.register(at.pqt, 8)).toBe(4096n);
  });

  test("[PQ3] a full queue sets PRO: until it is cleared every request is dropped", () => {
    const full = one.when(write8(at.pqh, 64n)).when(asksFor(gva, { group: 2 }));
    expect(prs(full)).toBe(ppr | pro);
    expect(full.of("PageRequestDropped")).toMatchObject([{ group: 2, why: "overflow" }]);
    expect(full.register(at.pqt, 8)).toBe(32n);
    const room = full.when(write8(at.pqh, 32n)).when(asksFor(gva, { group: 3 }));
    expect(room.of("PageRequestDropped")).toHaveLength(1);
    const cleared = room.when(write(at.prs, pro), asksFor(gva, { group: 4 }));
    expect(prs(cleared)).toBe(ppr);
    expect(cleared.of("PageRequestQueued")).toHaveLength(1);
  });

  test("[PQ4] the last of a group that is dropped for overflow is answered with success", () => {
    const full = asking.when(write8(at.pqh, 32n));
    expect(answers(full, asksFor(gva, { last: false }))).toEqual([]);
    expect(answers(full, asksFor(gva))).toMatchObject([{ response: "success", automatic: true }]);
    const stop = asksFor(gva, { read: false });
    expect(answers(full, stop)).toEqual([]);
  });

  const readable = protect(pageQueue, 0x1000n, true, false);
  test.each<readonly [string, string, Inputs]>([
    ["not there", "hole", unmap(pageQueue, 0x1000n)],
    ["read-only", "readOnly", readable],
  ])(
    "[PQ5] a request that memory does not take, being %s, is lost and counts",
    (_, why, change) => {
      const scene = asking.when(change, asksFor(gva));
      expect(scene.of("MemoryWriteDropped")).toMatchObject([{ gpa: pageQueue, length: 32n, why }]);
      expect(scene.register(at.pqt, 8)).toBe(32n);
      expect(prs(scene)).toBe(ppr);
    },
  );

  test("[PQ6] of a second stage the page goes by domain-id, under nesting the domain", () => {
    const second = asking.when(asksFor(below, { pasid: pasids.secondStage }));
    const page = { scope: "page", iova: below, length: 0x1000n };
    expect(second.of("IotlbInvalidated")).toMatchObject([page]);
    const nested = asking.when(asksFor(gva, { pasid: pasids.nested }));
    expect(nested.of("IotlbInvalidated")).toMatchObject([{ scope: "domain" }]);
    expect(nested.of("PasidIotlbInvalidated")).toEqual([]);
    const through = asking.when(asksFor(below, { pasid: pasids.passThrough }));
    expect(through.of("IotlbInvalidated")).toMatchObject([page]);
  });

  test("[PQ6] what is cached of the page is forgotten first, and nothing else", () => {
    const next = gva + 0x1000n;
    const cached = asking.when(
      memory(leaf + 8n, 0x9007n),
      [gva, next].map((page) => reads(page)),
    );
    const stale = cached.when(clear(leaf), clear(leaf + 8n));
    expect(stale.when(reads(gva)).of("DmaLanded")).toHaveLength(1);
    const asked = stale.when(asksFor(gva));
    expect(asked.of("PasidIotlbInvalidated")).toMatchObject([{ iova: gva, length: 0x1000n }]);
    expect(asked.when(reads(gva)).of("DmaBlocked")).toMatchObject([{ reason: 0x71 }]);
    expect(asked.when(reads(next)).of("DmaLanded")).toHaveLength(1);
  });
});

describe("the page request event", () => {
  const listening = asking.when(write(at.pectl, 0n), write(at.peaddr, 0xfee0_0000n));
  const sent = (scene: Scene) => scene.of("EventSent").filter(({ line }) => line === "pageRequest");

  test("[PQ7] it arises when neither PPR nor PRO was set", () => {
    const first = listening.when(asksFor(gva));
    expect(sent(first)).toMatchObject([{ address: 0xfee0_0000n }]);
    const second = first.when(asksFor(gva, { group: 2 }));
    expect(sent(second)).toEqual([]);
    const third = second.when(write(at.prs, ppr), asksFor(gva, { group: 3 }));
    expect(sent(third)).toHaveLength(1);
    expect(sent(listening.when(write8(at.pqh, 32n), asksFor(gva)))).toHaveLength(1);
  });

  test("[PQ8] masked it is pending until it is unmasked, or PPR and PRO are both clear", () => {
    expect(one.register(at.pectl)).toBe(0xc000_0000n);
    expect(sent(one.when(write(at.pectl, 0n)))).toHaveLength(1);
    expect(one.when(write(at.prs, ppr)).register(at.pectl)).toBe(0x8000_0000n);
    const full = one.when(write8(at.pqh, 64n), asksFor(gva, { group: 2 }), write(at.prs, ppr));
    expect(full.register(at.pectl)).toBe(0xc000_0000n);
    expect(full.when(write(at.prs, pro)).register(at.pectl)).toBe(0x8000_0000n);
  });
});

describe("page requests and the unit", () => {
  test("[PQ20] the registers exist with ECAP.PRS alone", () => {
    const all = (1n << 64n) - 1n;
    const values = (scene: Scene) =>
      [at.pqh, at.pqt, at.pqa].map((offset) => scene.when(write8(offset, all)).register(offset, 8));
    expect(values(asking)).toEqual([0x7ffe0n, 0x7ffe0n, 0xffff_ffff_ffff_f007n]);
    expect(values(given(deviceUnit({ ecap: { prs: false } })))).toEqual([0n, 0n, 0n]);
  });

  test("[PQ21] a record has what is pending, and who waits for which answer", () => {
    const [saved] = one.when({ type: "UnitSave" }).of("UnitSaved");
    const scene = one.when(announce(pageResponse()), {
      type: "UnitRestore",
      record: saved?.record ?? "",
    });
    expect(scene.refusals).toEqual([]);
    expect(scene.guest().pageRequests).toEqual(one.guest().pageRequests);
    expect(answers(scene, announce(pageResponse()))).toHaveLength(1);
  });

  test("[PQ22] a reset clears PRS and leaves devices waiting; one that goes does not wait", () => {
    const reset = one.when({ type: "UnitReset" });
    expect(prs(reset)).toBe(0n);
    expect(Object.keys(reset.guest().pageRequests.groups)).toHaveLength(1);
    const gone = one.when({ type: "DeviceRemove", device: nvme });
    expect(gone.guest().pageRequests.groups).toEqual({});
    const destroyed = one.when({ type: "UnitDestroy" });
    expect(destroyed.guest().pageRequests).toEqual({ state: "quiet", groups: {} });
  });

  test("[PQ23] the whole way: asked, mapped, answered, used", () => {
    const lost = asking.when(clear(leaf), asksFor(gva));
    const served = lost.when(memory(leaf, data | 7n), announce(pageResponse()));
    expect(served.of("PageGroupAnswered")).toHaveLength(1);
    expect(served.when(reads(gva)).of("DmaLanded")).toHaveLength(1);
  });
});
