import { describe, expect, it } from "vitest";
import { profiles } from "../events/profile/profiles.ts";
import { campaign } from "./campaign.ts";
import type { Ability } from "./implementation.ts";
import { nothingKnown } from "./known.ts";
import { objectPlan } from "./object-plan.ts";
import { modelTarget } from "./test/model.ts";

/** Runs some programs on the model as a target. */
async function runModel(name: keyof typeof profiles, can: readonly Ability[], runs: number) {
  const target = objectPlan(() => modelTarget(profiles[name], can), { patience: 10 });
  const asked = { target, known: nothingKnown, seed: 8, runs, seconds: 200, lanes: 1 };
  const { tally, finding } = await campaign({ ...asked, watch: () => undefined });
  return { tally, text: finding?.death ?? finding?.comparison?.difference?.text };
}

describe("the model as a target of its own", () => {
  const all: readonly Ability[] = ["interrupts", "pasid", "ats", "pageRequests"];
  it.each([
    ["everything-scalable", all, 8],
    ["hardware-2016", ["interrupts", "ats"], 12],
    ["xen-vvtd", [], 12],
  ] as const)("[TG1] shows nothing: %s", { timeout: 240_000 }, async (name, can, runs) => {
    const { tally, text } = await runModel(name, can, runs);
    expect([text, tally.programs]).toEqual([undefined, runs]);
    // It has no choice, and so nothing ends a program early.
    expect([tally.choices, tally.compared]).toEqual([0, tally.operations]);
  });

  const asks: readonly (readonly [Ability, readonly string[]])[] = [
    ["interrupts", ["MsiRequest", "InterruptDelivered"]],
    ["ats", ["AtsRequest", "TranslationAnswered", "DeviceTlbAnswer"]],
    ["pageRequests", ["PageRequest", "PageRequestQueued", "PageGroupAnswered"]],
  ];
  it("[TG11] is asked what it says that it can do, and nothing else", async () => {
    const able = await runModel("everything-scalable", all, 12);
    const plain = await runModel("everything-scalable", [], 12);
    for (const [ability, kinds] of asks) {
      for (const kind of kinds) {
        expect([ability, kind, able.tally.kinds.has(kind)]).toEqual([ability, kind, true]);
        expect([ability, kind, plain.tally.kinds.has(kind)]).toEqual([ability, kind, false]);
      }
    }
  });
});
