// Length: one sequence of calls, and what can be wrong with it.

import { describe, expect, test } from "vitest";
import type { CallDifference, CallsOfEvent } from "../../calls/alignment.ts";
import { compareCalls } from "../../calls/alignment.ts";
import type { Call } from "../../calls/call.ts";
import { callFromJson, callToJson } from "../../calls/call-json.ts";
import { callsAtStart } from "../../calls/calls-of.ts";
import { ableHost, hostRefusal } from "../../calls/host-abilities.ts";
import { emptyLedger, iommufdOf } from "../../calls/iommufd.ts";
import { deviceUnit } from "./device-driver.ts";
import { booted, iotlbOfAll, leafEntry, memory, queueOn, submit, unmap } from "./driver.ts";
import { given } from "./given.ts";
import { callsIn } from "./host-scene.ts";
import { dids, gva, pasids } from "./scalable-driver.ts";
import { announce, onePasid, pasidIotlb, pasidPage } from "./scalable-queue.ts";
import { ready as scalable } from "./scalable-scene.ts";
import { nvme, unit } from "./unit.ts";

const start = given(unit());
const change = [memory(leafEntry, 0xa003n, 0xb003n), submit(iotlbOfAll)];
const moved = start.when(booted, queueOn);
const ours: readonly CallsOfEvent[] = [
  { seq: 0, calls: callsAtStart(start.world, 0) },
  { seq: 10, calls: callsIn(start, booted, queueOn) },
  { seq: 20, calls: callsIn(moved, change) },
  { seq: 30, calls: callsIn(moved.when(change), { type: "UnitReset" }) },
];
const all = ours.flatMap(({ calls }) => calls);

/** Somebody's calls, each on the line of its place, and how they differ. */
const against = (calls: readonly Call[], wanted = ours): CallDifference | undefined =>
  compareCalls(
    wanted,
    calls.map((call, index) => ({ line: index + 1, call })),
  );

/** Calls with those at a place replaced. */
const spliced = (place: number, count: number, ...calls: readonly Call[]): readonly Call[] =>
  all.toSpliced(place, count, ...calls);

const placeOf = (name: Call["call"], from = 0): number =>
  all.findIndex(({ call }, index) => index >= from && call === name);

const lastMap = all.findLastIndex(({ call }) => call === "map");

describe("somebody's calls beside those that must be", () => {
  test("[HK15] the same calls, other numbers, split maps and more invalidations are alike", () => {
    expect(against(all)).toBeUndefined();
    const renumbered = all.map((one) => {
      const text = JSON.stringify(callToJson(one)).replaceAll(/"space":(\d+)/g, (_, n: string) => {
        return `"space":${Number(n) + 70}`;
      });
      return callFromJson(JSON.parse(text));
    });
    expect(against(renumbered)).toBeUndefined();
    const map = all[lastMap] as Extract<Call, { call: "map" }>;
    expect(map.length).toBe(0x2000n);
    const half = { ...map, length: 0x1000n };
    const rest = { ...half, input: map.input + 0x1000n, host: (map.host + 0x1000n) as never };
    expect(against(spliced(lastMap, 1, rest, half))).toBeUndefined();
  });

  test("[HK15] pages that stay may be unmapped and mapped again with others", () => {
    const out = { call: "unmap", space: 0, input: 0n, length: 0x80_0000n } as const;
    const wanted = [
      ...ours.slice(0, 1),
      { seq: 40, calls: callsIn(start, unmap(0x20_0000n, 0x1000n)) },
    ];
    const map = all[placeOf("map")] as Extract<Call, { call: "map" }>;
    const at = (from: bigint, length: bigint): Call => {
      return { ...map, input: from, length, host: (map.host + from) as never };
    };
    const back = [at(0n, 0x20_0000n), at(0x20_1000n, 0x5f_f000n)];
    const begun = ours[0]?.calls ?? [];
    expect(against([...begun, out, ...back], wanted)).toBeUndefined();
    expect(against([...begun, out, at(0n, 0x20_0000n)], wanted)?.kind).toBe("cut");
  });

  test("[HK16] what is missing, wrong or too much is named with its line", () => {
    const unmapAt = placeOf("unmap");
    expect(against(all.slice(0, unmapAt))).toMatchObject({ kind: "cut", line: undefined, seq: 20 });
    expect(against([])).toMatchObject({ kind: "cut", why: "there are none", seq: 0 });
    const map = all[lastMap] as Extract<Call, { call: "map" }>;
    expect(against(spliced(lastMap, 1, { ...map, write: !map.write }))).toMatchObject({
      ...{ kind: "notCalledFor", line: lastMap + 1, seq: 20 },
      missing: { call: "map" },
    });
    expect(against(spliced(unmapAt, 1))).toMatchObject({ kind: "cannotBe", line: unmapAt + 1 });
    const far = { call: "detach", requester: { source: nvme, pasid: undefined } } as const;
    expect(against([...all, far])).toMatchObject({ kind: "notCalledFor", line: all.length + 1 });
    expect(against(spliced(unmapAt, 0, far))).toMatchObject({ kind: "notCalledFor" });
  });

  test("[HK16] another device, an unknown object, a wrong order are told apart", () => {
    const place = placeOf("attach");
    const attach = all[place] as Extract<Call, { call: "attach" }>;
    const other = { ...attach, requester: { ...attach.requester, source: 0x28 as never } };
    expect(against(spliced(place, 1, other))).toMatchObject({ kind: "otherDevice" });
    const nowhere = { ...attach, target: { to: "space", space: 99 } } as const;
    expect(against(spliced(place, 1, nowhere))).toMatchObject({ kind: "unknown" });
    const gone = placeOf("destroySpace");
    const early = [...all.slice(0, gone - 1), all[gone] as Call, all[gone - 1] as Call];
    expect(against(early)).toMatchObject({
      kind: "cannotBe",
      why: "a requester is attached to it",
    });
  });

  test("[HK16] a requester that moves before its space has lost what goes is out of order", () => {
    const space = { call: "createSpace", space: 1, kind: "shadow" } as const;
    const map = { ...(all[lastMap] as Extract<Call, { call: "map" }>), space: 1 };
    const unmapAll = { call: "unmap", space: 1, input: map.input, length: map.length } as const;
    const target = { to: "space", space: 1 } as const;
    const attach = {
      call: "attach",
      requester: { source: nvme, pasid: undefined },
      target,
    } as const;
    const wanted = [
      { seq: 1, calls: [space, map] },
      { seq: 2, calls: [unmapAll, attach] },
    ];
    expect(against([space, map, unmapAll, attach], wanted)).toBeUndefined();
    expect(against([space, map, attach, unmapAll], wanted)).toMatchObject({
      ...{ kind: "outOfOrder", line: 3, seq: 2 },
      missing: { call: "unmap" },
    });
  });

  test("[HK16] an invalidation that is missing, or narrower, or of leaves alone, is found", () => {
    const used = scalable.when(announce(onePasid(dids.firstStage, pasids.firstStage)));
    const wanted = [
      { seq: 0, calls: callsAtStart(used.world, 0) },
      { seq: 5, calls: callsIn(used, announce(pasidPage(1, pasids.firstStage, gva), 1)) },
      { seq: 9, calls: callsIn(used, announce(pasidIotlb(1, pasids.firstStage), 1)) },
    ];
    const calls = wanted.flatMap((one) => one.calls);
    expect(against(calls, wanted)).toBeUndefined();
    const page = calls.at(-2) as Extract<Call, { call: "invalidateTable" }>;
    const rest = calls.slice(0, -2);
    expect(against([...rest, calls.at(-1) as Call, calls.at(-1) as Call], wanted)).toBeUndefined();
    const leaf = { ...page, leafOnly: true };
    expect(against([...rest, leaf], wanted)).toMatchObject({ kind: "cut", seq: 5 });
    expect(against([...rest, page, page], wanted)).toMatchObject({ kind: "cut", seq: 9 });
  });

  test("[HK17] a call goes through JSON, and what is none says which field and why", () => {
    for (const call of all) expect(callFromJson(callToJson(call))).toEqual(call);
    const bad =
      (raw: object): unknown =>
      () =>
        callFromJson(raw);
    expect(bad({ call: "mop" })).toThrow(/^call: expected one of createSpace/);
    expect(bad({ call: "destroySpace" })).toThrow(/space/);
    const unmapped = { call: "unmap", space: 0, input: "0x1000" };
    expect(bad({ ...unmapped, length: "0x10" })).toThrow(/^length: expected a multiple/);
    expect(bad({ ...unmapped, length: "0x0" })).toThrow(/^length/);
    const requester = { source: "00:04.0" };
    expect(bad({ call: "attach", requester, target: { to: "table", space: 3 } })).toThrow(
      /^target/,
    );
    expect(bad([])).toThrow("expected an object");
  });
});

describe("a host", () => {
  test("[HK18] what a unit offers and the host cannot do is refused by name", () => {
    const { profile: able } = given(deviceUnit()).guest();
    const everything = { ...able, firstStage5: true };
    expect(hostRefusal(everything, ableHost)).toEqual([]);
    const lacking = (host: Partial<typeof ableHost>, profile = everything) =>
      hostRefusal(profile, { ...ableHost, ...host });
    expect(lacking({ nesting: false })).toEqual([expect.stringContaining("ECAP.FSTS")]);
    expect(lacking({ firstStageLevels: 4 })).toEqual([expect.stringContaining("CAP.FS5LP")]);
    expect(lacking({ pasid: false })).toEqual([expect.stringContaining("ECAP.PASID")]);
    expect(lacking({ pageRequests: false })).toEqual([expect.stringContaining("ECAP.PRS")]);
    expect(lacking({ inputBits: 39 })).toEqual([expect.stringContaining("the host maps 39")]);
    expect(lacking({ hostBits: 39 })).toEqual([expect.stringContaining("the host's 39")]);
    expect(lacking({ pages4k: false })).toEqual([expect.stringContaining("4 KiB")]);
    const legacy = { ...everything, cachingMode: false, flts: false };
    expect(lacking({}, legacy)).toEqual([expect.stringContaining("CAP.CM")]);
  });

  test("[HK19] iommufd cannot cut an area: it goes as a whole and what stays comes back", () => {
    const ledger = emptyLedger(true);
    for (const call of ours[0]?.calls ?? []) iommufdOf(ledger, call);
    const [call] = callsIn(start, unmap(0x20_0000n, 0x1000n));
    const made = iommufdOf(ledger, call as Call);
    expect(made.map(({ ioctl }) => ioctl)).toEqual([
      ...["IOMMU_IOAS_UNMAP", "IOMMU_IOAS_MAP", "IOMMU_IOAS_MAP"],
    ]);
    expect(made[0]?.fields).toMatchObject({ iova: "0x0", length: "0x800000" });
    expect(made[2]?.fields).toMatchObject({ iova: "0x201000", length: "0x5ff000" });
    const next = { call: "unmap", space: 0, input: 0x20_1000n, length: 0x1000n } as const;
    expect(iommufdOf(ledger, next)[0]?.fields).toMatchObject({ iova: "0x201000" });
  });

  test("[HK19] a first stage is a nested page table object, made for the device that comes", () => {
    const ledger = emptyLedger(true);
    const nested = callsIn(scalable, announce(onePasid(dids.nested, pasids.nested)));
    const calls = [...callsAtStart(scalable.world, 0), ...nested];
    const made = calls.flatMap((call) => iommufdOf(ledger, call));
    const [table] = made.filter(({ fields }) => fields["data_type"] === "VTD_S1");
    expect(table?.fields).toMatchObject({ "data.addr_width": 48 });
    const parent = made.find(({ fields }) => fields["out_hwpt_id"] === table?.fields["pt_id"]);
    expect(parent?.fields["flags"]).toBe("NEST_PARENT");
    const last = made.at(-1);
    expect(last?.ioctl).toBe("VFIO_DEVICE_ATTACH_IOMMUFD_PT");
    expect(last?.fields).toMatchObject({ pasid: pasids.nested, flags: "PASID" });
  });
});
