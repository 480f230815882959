import { describe, expect, test } from "vitest";
import type { Call } from "../../calls/call.ts";
import { ableHost } from "../../calls/host-abilities.ts";
import { offerOn } from "../../calls/host-offer.ts";
import type { IommufdUses } from "../../calls/iommufd.ts";
import { devicesIn, emptyLedger, iommufdOf, iommufdOfDevices } from "../../calls/iommufd.ts";
import type { SourceId } from "../../events/address.ts";
import { formatSourceId } from "../../events/address.ts";
import { profileOf } from "../../events/profile/profile.ts";
import { given } from "./given.ts";
import { scalableUnit } from "./scalable-driver.ts";
import { behindBridge, bridge, nvme, unit } from "./unit.ts";

const [wanted] = scalableUnit().guests;
const { ver = 0n, cap = 0n, ecap = 0n } = wanted ?? {};
const offered = (lack: Partial<typeof ableHost>, end?: bigint) =>
  offerOn({ ver, cap, ecap, haw: 48 }, { ...ableHost, ...lack }, end);

describe("what a host leaves of a unit", () => {
  test("[HK21] all of it, where the host can do everything", () => {
    expect(offered({})).toMatchObject({ words: { cap, ecap, haw: 48 }, limited: [], refused: [] });
  });

  test("[HK21] each lack takes its fields, and the rest stays", () => {
    const profile = profileOf(offered({ nesting: false, pasid: false }).words);
    expect(profile).toMatchObject({ flts: false, nest: false, pasid: false, ssts: true });
    const narrow = profileOf(offered({ inputBits: 39, hostBits: 40 }).words);
    expect([narrow.mgaw, [...narrow.levels], narrow.haw]).toEqual([39, [3], 40]);
    expect(profileOf(offered({ firstStageLevels: 4 }).words).firstStage5).toBe(false);
    expect(profileOf(offered({ pageRequests: false }).words).pageRequests).toBe(false);
    expect(offered({ firstStageLevels: 4 }).limited).toEqual([
      { field: "CAP.FL5LP", wanted: 1, offered: 0 },
    ]);
  });

  test("[HK21] what no field limits is refused by name", () => {
    expect(offered({ pages4k: false }).refused[0]).toContain("4 KiB");
    expect(offered({ hostBits: 36 }, 1n << 36n).refused).toEqual([]);
    expect(offered({ hostBits: 36 }, (1n << 36n) + 1n).refused[0]).toContain("36 bits");
    const nothing = offered({ inputBits: 30, nesting: false });
    expect(nothing.refused[0]).toMatch(/no second stage|MGAW/);
  });
});

const uses: IommufdUses = { nests: true, pasids: true, relaysPages: true, tracksDirty: true };
const who = { source: nvme as SourceId, pasid: undefined };
const data = { root: 0n, levels: 4, sre: true, ere: false, wpe: false, nxe: false } as const;
const table: Call = {
  ...{ call: "createTable", table: 4, over: 0, data: { ...data, smep: false, eafe: false } },
};
const said = (calls: readonly Call[], ledger = emptyLedger(uses)) =>
  calls.flatMap((call) => iommufdOf(ledger, call)).map(({ ioctl, fields }) => [ioctl, fields]);
const map = (input: bigint, length: bigint): Call => ({
  ...{ call: "map", space: 0, input, length, host: input as never, read: true, write: true },
});
const space: Call = { call: "createSpace", space: 0, kind: "p2m" };
const attached: Call = { call: "attach", requester: who, target: { to: "space", space: 0 } };

describe("in iommufd's words", () => {
  test("[HK22] objects are made with what PASIDs, tracking and page requests need", () => {
    const [, parent] = said([space, attached]);
    expect(parent?.[1]).toMatchObject({ flags: "NEST_PARENT|DIRTY_TRACKING|PASID" });
    const none = { nests: false, pasids: false, relaysPages: false, tracksDirty: false };
    expect(said([space, attached], emptyLedger(none))[1]?.[1]).toMatchObject({ flags: "" });
    const on: Call = { call: "attach", requester: who, target: { to: "table", table: 4 } };
    const made = said([space, table, on]);
    expect(made.map(([name]) => name).slice(2, 4)).toEqual([
      ...["IOMMU_FAULT_QUEUE_ALLOC", "IOMMU_HWPT_ALLOC"],
    ]);
    expect(made[3]?.[1]).toMatchObject({ flags: "FAULT_ID_VALID|PASID", fault_id: "fault queue" });
  });

  test("[HK22] what was written is read before its area goes; who left has no answer", () => {
    const ledger = emptyLedger(uses);
    const track: Call = { call: "trackDirty", space: 0, enabled: true };
    said([space, map(0x1000n, 0x2000n), attached, track], ledger);
    const [read, gone] = said(
      [{ call: "unmap", space: 0, input: 0x1000n, length: 0x1000n }],
      ledger,
    );
    expect(read?.[1]).toMatchObject({ flags: "NO_CLEAR", iova: "0x1000", length: "0x2000" });
    expect(gone?.[0]).toBe("IOMMU_IOAS_UNMAP");
    const answer: Call = { call: "answerPages", requester: who, group: 1, response: "success" };
    expect(said([answer], ledger)).toHaveLength(1);
    expect(said([{ call: "detach", requester: who }, answer], ledger)).toHaveLength(1);
    const [last] = said([{ call: "destroySpace", space: 0 }], ledger);
    expect(last?.[0]).toBe("IOMMU_HWPT_GET_DIRTY_BITMAP");
  });

  test("[HK22] nothing is mapped where interrupts are, and each device is named", () => {
    const areas = said([space, map(0xfed00000n, 0x300000n)]).slice(1);
    expect(areas.map(([, fields]) => Object(fields).iova)).toEqual(["0xfed00000", "0xfef00000"]);
    const { world } = given(
      unit({
        devices: [{ device: behindBridge, physical: true, alias: bridge }],
      }),
    );
    const ledger = emptyLedger(uses);
    ledger.devicesOf = devicesIn(world.guests[0] as never);
    const requester = { source: bridge as SourceId, pasid: undefined };
    const made = said([space, { ...attached, requester }], ledger);
    const names = made.filter(([name]) => String(name).startsWith("VFIO"));
    expect(names).toHaveLength(1);
    expect(names[0]?.[1]).toMatchObject({ device: formatSourceId(behindBridge) });
  });

  test("[HK22] a device that comes behind a bridge is attached, one that leaves detached", () => {
    const sources = [behindBridge, (behindBridge + 8) as SourceId];
    const worldOf = (count: number) => {
      const devices = sources.slice(0, count).map((device) => ({ device, physical: true }));
      return given(unit({ devices: devices.map((one) => ({ ...one, alias: bridge })) })).world;
    };
    const ledger = emptyLedger(uses);
    const seen = (count: number): void => {
      ledger.devicesOf = devicesIn(worldOf(count).guests[0] as never);
    };
    const told = () => iommufdOfDevices(ledger).map(({ ioctl, fields }) => [ioctl, fields]);
    const requester = { source: bridge as SourceId, pasid: undefined };
    const [first, second] = sources.map(formatSourceId);
    seen(1);
    said([space, { ...attached, requester }], ledger);
    expect(told()).toEqual([]);
    seen(2);
    const joins = { device: second, pt_id: "hwpt of ioas 0" };
    expect(told()).toEqual([["VFIO_DEVICE_ATTACH_IOMMUFD_PT", joins]]);
    expect(told()).toEqual([]);
    seen(1);
    expect(told()).toEqual([["VFIO_DEVICE_DETACH_IOMMUFD_PT", { device: second }]]);
    seen(2);
    told();
    seen(1);
    const again = said([{ ...attached, requester }], ledger);
    expect(again.map(([name, fields]) => [name, Object(fields).device])).toEqual([
      ["VFIO_DEVICE_DETACH_IOMMUFD_PT", second],
      ["VFIO_DEVICE_ATTACH_IOMMUFD_PT", first],
    ]);
    said([{ call: "detach", requester }], ledger);
    seen(2);
    expect(told()).toEqual([]);
  });
});
