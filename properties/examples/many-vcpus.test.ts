import { describe, expect, test } from "vitest";
import type { Input } from "../../events/input.ts";
import { CompatibilityRte } from "../../events/interrupt/interrupt-request.ts";
import { command, ire } from "./driver.ts";
import type { Scene } from "./given.ts";
import { given } from "./given.ts";
import { entry, ioapic, msi, pin, pointAt, remapped } from "./interrupt-driver.ts";
import { nvme, unit } from "./unit.ts";

/** x2APIC ids of 288 vCPUs: 18 packages of 16, with room for 24 in each. */
const vcpus = Array.from({ length: 288 }, (_, index) => Math.floor(index / 16) * 24 + (index % 16));

/** Entry n delivers to vCPU n; where there is no EIME, what is left of its id. */
const table = (eime: boolean) =>
  vcpus.map((id, index) => entry(index, remapped({ dst: eime ? id : (id & 0xff) << 8 })));

const reachedBy = (scene: Scene): ReadonlySet<number> =>
  new Set(scene.of("InterruptDelivered").map(({ destination }) => destination));

/** The vCPUs that none of some requests reaches. */
const missed = (scene: Scene): readonly number[] => {
  const reached = reachedBy(scene);
  return vcpus.filter((id) => !reached.has(id));
};

const unreachable = vcpus.filter((id) => id > 255);

describe("288 vCPUs", () => {
  test("[MV1] with EIME every vCPU is reached by an MSI and by an IOAPIC entry", () => {
    expect(unreachable.length).toBeGreaterThan(100);
    const scene = given(unit(), table(true), pointAt(8), command(ire));
    expect(missed(scene.when(vcpus.map((_, index) => msi(index))))).toEqual([]);
    expect(missed(scene.when(vcpus.map((_, index) => pin(index))))).toEqual([]);
  });

  test("[MV2] without EIM the vCPUs with an id above 255 are those that nothing reaches", () => {
    const scene = given(unit({ ecap: { eim: false } }), table(false), pointAt(8), command(ire));
    expect(scene.guest().interruptTable).toMatchObject({ count: 512, eime: false });
    expect(missed(scene.when(vcpus.map((_, index) => msi(index))))).toEqual(unreachable);
    expect(missed(scene.when(vcpus.map((_, index) => pin(index))))).toEqual(unreachable);
  });

  test("[MV3] without remapping an MSI and an IOAPIC entry have 8 bits for a destination", () => {
    const old = vcpus.flatMap((id): readonly Input[] => [
      {
        type: "MsiRequest",
        device: nvme,
        address: 0xfee0_0000n | (BigInt(id & 0xff) << 12n),
        data: 0x51,
      },
      {
        type: "IoapicRequest",
        device: ioapic,
        rte: CompatibilityRte.encode({ vector: 0x51, destination: id & 0xff }),
      },
    ]);
    expect(missed(given(unit()).when(old))).toEqual(unreachable);
  });
});
