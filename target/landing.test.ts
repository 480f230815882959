import { describe, expect, it } from "vitest";
import { gpa, hpa, iova, sourceId } from "../events/address.ts";
import type { Input } from "../events/input.ts";
import { profiles } from "../events/profile/profiles.ts";
import { createWorld } from "../hypervisor/create-world.ts";
import { fold } from "../hypervisor/fold.ts";
import { landingOf } from "./landing.ts";
import { modelTarget } from "./model-target.ts";
import { setupOf } from "./setup.ts";

const unit = profiles["xen-vvtd"];
const device = sourceId(0x10);
const other: Input = {
  ...{ type: "DmaIssue", tag: 3, device: sourceId(0x20), iova: iova(0x2000n) },
  ...{ access: "read", length: 8 },
};
const complete: Input = { type: "DmaComplete", tag: 3 };
const own: Input = { type: "Dma", device, iova: iova(0x1000n), access: "read", length: 8 };

describe("the landing of a DMA", () => {
  it("[TG18] is its own, whatever lands before it in its step", () => {
    let world = createWorld({ guests: [setupOf(unit)] });
    const facts = [other, complete, own].flatMap((input) => {
      const folded = fold(world, input);
      world = folded.world;
      return folded.facts;
    });
    const landed = facts.filter(({ type }) => type === "DmaLanded");
    expect(landed).toMatchObject([{ tag: 3, gpa: 0x2000n }, { gpa: 0x1000n }]);
    expect(landingOf(facts)).toMatchObject({ device, gpa: gpa(0x1000n), hpa: hpa(0x1000n) });
    expect(landingOf(facts.slice(0, -1))).toBeUndefined();
  });

  it("[TG18] is told by the model as a target, with another request in flight", () => {
    let isMade = false;
    const target = modelTarget(unit, [], {
      change: (world) => {
        if (isMade) return world;
        isMade = true;
        return fold(world, other).world;
      },
    });
    const asked = { source: device, address: 0x1000n, access: "read", length: 8 } as const;
    expect(target.dma(asked)).toMatchObject({ at: 0x1000n });
  });
});
