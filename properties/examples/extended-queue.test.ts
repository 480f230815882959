// Length: each descriptor and request of version 2.x once.

import { describe, expect, test } from "vitest";
import type { Iova } from "../../events/address.ts";
import { ExtendedPageRequest } from "../../events/page-request/extended-page-request.ts";
import { ContextCacheDescriptor } from "../../events/queue/descriptors.ts";
import { ExtendedGroupResponseDescriptor } from "../../events/queue/extended-layouts.ts";
import {
  PageStreamResponseDescriptor,
  PasidDeviceTlbDescriptor,
} from "../../events/queue/scalable-descriptors.ts";
import { at } from "../../events/registers/offset.ts";
import { iotlbOfDomain, iotlbOfPage, memory, write, write8 } from "./driver.ts";
import {
  announce,
  context,
  dids,
  extendedBooted,
  extendedIotlb,
  extendedQueue,
  extendedTypes,
  extendedUnit,
  iotlb,
  nested,
  nestedFields,
  onePasid,
  own,
  pasidEntry,
  pasidsOf,
} from "./extended-driver.ts";
import type { Inputs, Scene } from "./given.ts";
import { given } from "./given.ts";
import { data, firstStage, gva, other, readsAs, slot } from "./scalable-driver.ts";
import { nvme } from "./unit.ts";

const ready = given(extendedUnit(), extendedBooted, extendedQueue);
const moved = memory(slot(firstStage.l1, 1, gva), (data + 0x1000n) | 7n);
const read = readsAs(own, gva);
const reached = (scene: Scene) => scene.of("DmaLanded")[0]?.gpa;
const halted = (scene: Scene): bigint => scene.register(at.iqercd, 8) & 15n;

describe("invalidations of version 2.x", () => {
  const cached = ready.when(read, readsAs(own, gva, other), moved);
  test.each([
    ["all of a domain", extendedIotlb({ g: iotlb.all }), true],
    ["all but global ones", extendedIotlb({ g: iotlb.nonGlobal }), true],
    ["a PASID", extendedIotlb({ g: iotlb.pasid, pasid: own }), true],
    ["another PASID", extendedIotlb({ g: iotlb.pasid, pasid: own + 1 }), false],
    ["its page", extendedIotlb({ g: iotlb.page, pasid: own }) | (gva << 64n), true],
    ["another page", extendedIotlb({ g: iotlb.page, pasid: own }) | (0x1000n << 64n), false],
    ["another domain", extendedIotlb({ g: iotlb.all, did: dids.other }), false],
    ["the IOTLB of its domain", iotlbOfDomain(dids.nvme), true],
    ["a page of its domain's second stage", iotlbOfPage(dids.nvme, 0n), true],
  ])("[EC70] %s", (_name, descriptor, goes) => {
    const scene = cached.when(announce(descriptor));
    expect(halted(scene)).toBe(0n);
    expect(reached(scene.when(read))).toBe(goes ? data + 0x1000n : data);
  });

  test("[EC70] AM says how many pages", () => {
    const pages = (am: bigint) => extendedIotlb({ g: iotlb.page, pasid: own }) | (am << 64n);
    const [told] = cached
      .when(announce(pages(3n) | ((gva + 0x1000n) << 64n)))
      .of("PasidIotlbInvalidated");
    expect(told).toMatchObject({ scope: "page", iova: gva & ~0x7fffn, length: 0x8000n });
    expect(reached(cached.when(announce(pages(1n) | ((gva ^ 0x1000n) << 64n))).when(read))).toBe(
      data + 0x1000n,
    );
  });

  test("[EC71] under caching mode a PASID entry that is new is announced by its PASID", () => {
    const next = own + 1;
    const missed = ready.when(readsAs(next, gva), pasidEntry(next));
    expect(missed.when(readsAs(next, gva)).of("DmaBlocked")[0]?.reason).toBe(0x11);
    const byItself = missed.when(announce(onePasid(dids.nvme, next)));
    expect(reached(byItself.when(readsAs(next, gva)))).toBe(data);
    const asLinux = missed.when(announce(onePasid(dids.nvme, 0)));
    expect(reached(asLinux.when(readsAs(next, gva)))).toBeUndefined();
    const all = missed.when(announce(pasidsOf(dids.nvme)));
    expect(reached(all.when(readsAs(next, gva)))).toBe(data);
  });

  test("[EC72] without caching mode it need not be", () => {
    const plain = given(extendedUnit({ cap: { cm: false } }), extendedBooted);
    const scene = plain.when(readsAs(own + 1, gva), pasidEntry(own + 1));
    expect(reached(scene.when(readsAs(own + 1, gva)))).toBe(data);
  });

  test("[EC73] a PASID entry that goes is announced by its PASID and domain-id", () => {
    const gone = ready.when(read, pasidEntry(own, { present: false }));
    expect(reached(gone.when(read))).toBe(data);
    expect(reached(gone.when(announce(onePasid(dids.other, own))).when(read))).toBe(data);
    const told = gone.when(announce(onePasid(dids.nvme, own)));
    expect(told.when(read).of("DmaBlocked")[0]?.reason).toBe(0x11);
  });

  test("[EC74] a context entry is announced by its own domain-id, with PASIDs or without", () => {
    const device = ContextCacheDescriptor.fields.g.names.device;
    const of = (did: number): bigint =>
      ContextCacheDescriptor.encode({ type: 1, g: device, did, sid: nvme });
    const turned = given(extendedUnit(), extendedBooted, extendedQueue)
      .when(context({ paside: false }), announce(of(dids.nvme)))
      .when(read, context());
    expect(turned.when(read).of("DmaBlocked")[0]?.reason).toBe(0x18);
    expect(
      turned
        .when(announce(of(0), 1))
        .when(read)
        .of("DmaBlocked")[0]?.reason,
    ).toBe(0x18);
    expect(reached(turned.when(announce(of(dids.nvme), 1)).when(read))).toBe(data);
  });

  test("[EC75] types have four bits, and what bits 11:9 are is reserved but for a stream", () => {
    expect(halted(ready.when(announce(pasidsOf(dids.nvme) | (1n << 9n))))).toBe(4n);
    const stream = PageStreamResponseDescriptor.encode({ type: 0xa, pasid: 0xfffff, rc: 1 });
    expect(halted(ready.when(announce(stream)))).toBe(0n);
    expect(halted(ready.when(announce(0xbn)))).toBe(3n);
    expect(halted(ready.when(announce(7n | (2n << 4n))))).toBe(4n);
  });

  test("[EC75] without its capability a type does not exist", () => {
    const without = (ecap: { pasid?: boolean; prs?: boolean; dt?: boolean }, type: bigint) =>
      halted(given(extendedUnit({ ecap }), extendedBooted, extendedQueue).when(announce(type)));
    for (const type of [6n, 7n, 8n]) expect(without({ pasid: false }, type)).toBe(3n);
    for (const type of [9n, 0xan]) expect(without({ prs: false }, type)).toBe(3n);
    expect(without({ dt: false, prs: false }, 8n)).toBe(3n);
  });
});

describe("devices of version 2.x", () => {
  const ats: Inputs = context({ t: extendedTypes.all, pre: true });

  const asks = (pasid?: number) => ({
    ...({ type: "AtsRequest", device: nvme, iova: gva as Iova, access: "read" } as const),
    ...(pasid === undefined ? {} : { pasid }),
  });

  test("[EC80] a device may ask for translations by its type alone", () => {
    expect(ready.when(asks(own)).of("TranslationBlocked")[0]?.reason).toBe(0xd);
    const scene = given(extendedUnit(), extendedBooted, extendedQueue).when(ats, [
      announce(ContextCacheDescriptor.encode({ type: 1, g: 1 })),
      asks(own),
    ]);
    expect(scene.of("TranslationAnswered")[0]).toMatchObject({ read: true });
    const forget = PasidDeviceTlbDescriptor.encode({ type: 8, sid: nvme, pasid: own, s: true });
    const gone = scene.when(announce(forget, 1));
    expect(halted(gone)).toBe(0n);
    expect(gone.of("DeviceTlbInvalidated")[0]).toMatchObject({ device: nvme, pasid: own });
  });

  test.each([
    ["000b", extendedTypes.untranslated, undefined],
    ["100b", extendedTypes.pasid, undefined],
    ["101b", extendedTypes.pasidAll, true],
  ])("[EC80] of type %s", (_name, t, may) => {
    const scene = given(extendedUnit(), extendedBooted, context({ t })).when(asks(own));
    expect(scene.of("TranslationAnswered")[0]?.read).toBe(may);
  });

  const page = (pasid?: number) => ({
    ...({
      type: "PageRequest",
      device: nvme,
      iova: gva as Iova,
      read: true,
      write: false,
    } as const),
    ...{ group: 3, last: true },
    ...(pasid === undefined ? {} : { pasid }),
  });
  const queueAt = 0x9000n;

  test("[EC81] page requests are of 16 bytes, with PASID or without", () => {
    const on = ready.when(
      context({ pre: true }),
      announce(ContextCacheDescriptor.encode({ type: 1, g: 1 })),
      write8(at.pqa, queueAt),
    );
    const scene = on.when(page(own));
    expect(scene.register(at.pqt, 8)).toBe(16n);
    const word = scene.word(queueAt) | (scene.word(queueAt + 8n) << 64n);
    expect(ExtendedPageRequest.decode(word)).toMatchObject({
      ...{ srr: false, bof: false, pp: true, lpig: true, pasid: own, bus: 0, devfn: nvme },
      ...{ prgi: 3, rd: true, wr: false, addr: gva },
    });
    const devfn = BigInt(nvme) << 68n;
    const low = (3n << 55n) | (BigInt(own) << 4n) | 0xcn;
    expect(word).toBe((gva << 64n) | devfn | (1n << 64n) | low);
    const answer = ExtendedGroupResponseDescriptor.encode({
      ...{ type: 9, pp: true, rid: nvme, pasid: own, prgi: 3, rc: 1 },
    });
    const answered = scene.when(announce(answer, 1));
    expect(answered.of("PageGroupAnswered")).toMatchObject([{ group: 3, response: "invalid" }]);
    // Its number is free again, for a request without PASID too.
    expect(answered.when(page()).of("PageRequestQueued")).toHaveLength(1);
    const plain = on.when(page());
    expect(plain.of("PageRequestQueued")).toHaveLength(1);
    expect(plain.of("IotlbInvalidated")).toMatchObject([{ scope: "page", did: dids.nvme }]);
  });

  test("[EC82] without PRE, and without RTT, page requests fault with 30h", () => {
    expect(ready.when(page(own)).of("PageRequestDropped")[0]?.reason).toBe(0x30);
    expect(ready.when(page()).of("FaultRecorded")[0]?.reason).toBe(0x30);
  });

  test("[EC83] under nesting a page request takes all of the domain with it", () => {
    const scene = ready
      .when(nested, context({ ...nestedFields, pre: true }))
      .when(announce(ContextCacheDescriptor.encode({ type: 1, g: 1 })), write8(at.pqa, queueAt))
      .when(page(own));
    expect(scene.of("IotlbInvalidated")).toMatchObject([{ scope: "domain", did: dids.nvme }]);
  });

  test("[EC84] an overflow is told in FSTS, with the fault event, and cleared there", () => {
    const scene = ready
      .when(context({ pre: true }), announce(ContextCacheDescriptor.encode({ type: 1, g: 1 })))
      .when(write8(at.pqa, queueAt), write8(at.pqh, 16n))
      .when(page(own));
    expect(scene.register(at.fsts)).toBe(0x80n);
    expect(scene.register(at.prs)).toBe(0n);
    expect(scene.of("EventPended")).toMatchObject([{ line: "fault" }]);
    expect(scene.when(write8(at.prs - 4, 2n << 32n)).register(at.fsts)).toBe(0x80n);
    const cleared = scene.when(write(at.fsts, 0x80n));
    expect(cleared.register(at.fsts)).toBe(0n);
    expect(cleared.of("EventUnpended")).toMatchObject([{ line: "fault" }]);
  });
});
