import { describe, expect, test } from "vitest";
import type { SourceId } from "../../events/address.ts";
import { reason } from "../../events/fault/fault-reason.ts";
import { memory } from "./driver.ts";
import {
  context,
  extendedBooted,
  extendedOn,
  extendedQueue,
  extendedTables,
  extendedTypes,
  extendedUnit,
  nested,
  nestedFields,
  own,
  pasidTable,
} from "./extended-driver.ts";
import type { Inputs, Scene } from "./given.ts";
import { given } from "./given.ts";
import {
  below,
  contextTable,
  data,
  firstStage,
  gva,
  pasidDma,
  scalableRoot,
  secondStage,
  slot,
} from "./scalable-driver.ts";
import type { Changes } from "./unit.ts";
import { hostBase } from "./unit.ts";

const reads = (rights: { pasid?: number; privileged?: true; execute?: true } = {}, iova = gva) =>
  pasidDma("read", iova, rights);
const ready = given(extendedUnit(), extendedBooted, extendedQueue);

/** The reason that a request is blocked for, once something else than usual is in the tables. */
function faultOf(change: Inputs, request: Inputs, unit: Changes = {}): number | undefined {
  const scene = given(extendedUnit(unit), extendedTables, change, extendedOn).when(request);
  const [blocked] = scene.of("DmaBlocked");
  const [recorded] = scene.of("FaultRecorded");
  if (blocked?.reason !== undefined) expect(recorded?.reason).toBe(blocked.reason);
  return blocked?.reason;
}

const landed = (scene: Scene) => scene.of("DmaLanded").map(({ gpa, hpa }) => ({ gpa, hpa }));
const to = (gpa: bigint) => [{ gpa, hpa: hostBase + gpa }];

describe("extended context entries", () => {
  test("[EC51] a request without PASID goes through the second stage of its context entry", () => {
    expect(landed(ready.when(reads({}, below + data)))).toEqual(to(data));
  });

  test("[EC52] one with PASID goes through the first stage of its PASID entry", () => {
    const scene = ready.when(reads({ pasid: own }));
    expect(landed(scene)).toEqual(to(data));
    expect(scene.of("HostEntryChanged")[0]).toMatchObject({ state: "nested", did: 1, tag: own });
    expect(scene.of("FirstStageCreated")[0]).toMatchObject({ root: firstStage.l4, levels: 4 });
  });

  test("[EC53] under NESTE through the second stage too", () => {
    const scene = given(extendedUnit(), extendedTables, nested, extendedOn).when(
      reads({ pasid: own }),
    );
    expect(landed(scene)).toEqual(to(data));
    expect(scene.of("FirstStageCreated")[0]).toMatchObject({ second: secondStage.l4 });
  });

  test("[EC53] each page of the PASID table lies where the second stage puts it", () => {
    const [far, page] = [0x241, 0x1_5000n];
    const entry = memory(page + BigInt((far - 0x200) * 8), (below + firstStage.l4) | 1n);
    const moved = memory(slot(secondStage.l1, 1, below + pasidTable + 0x1000n), page | 3n);
    const scene = given(extendedUnit(), extendedTables, nested, entry, moved, extendedOn);
    expect(landed(scene.when(reads({ pasid: far })))).toEqual(to(data));
  });

  test("[EC53] SLEE under nesting is something that the host does not do", () => {
    const slee = [nested, context({ ...nestedFields, slee: true })];
    const scene = given(extendedUnit(), extendedTables, slee, extendedOn);
    const [blocked] = scene.when(reads({ pasid: own })).of("DmaBlocked");
    expect(blocked).toMatchObject({ host: "refused" });
    expect(landed(scene.when(reads({}, below + data)))).toEqual(to(data));
  });

  test("[EC54] the upper half of a bus has its own context table", () => {
    const high = 0xa0 as SourceId;
    const devices = [{ device: high, physical: true }];
    const scene = given(
      extendedUnit({ devices }),
      extendedTables,
      memory(scalableRoot, 0n, (contextTable + 0x1000n) | 1n),
      // Function 20h of the upper half.
      memory(contextTable + 0x1000n + 0x20n * 32n, secondStage.l4 | 1n, 0x102n, 0n, 0n),
      extendedOn,
    ).when(pasidDma("read", below + data, {}, high));
    expect(landed(scene)).toEqual(to(data));
  });

  const { passThrough, pasid, pasidAll, all } = extendedTypes;
  test.each([
    ["010b", passThrough, true, reason.typeBlocked],
    ["100b", pasid, true, undefined],
    ["101b", pasidAll, true, undefined],
    ["001b", all, false, undefined],
  ])("[EC55] type %s without PASID and with one", (_name, t, passes, fault) => {
    const set = context({ t });
    expect(faultOf(set, reads({}, data))).toBe(passes ? undefined : reason.readDenied);
    expect(faultOf(set, reads({ pasid: own }))).toBe(fault);
  });
});
