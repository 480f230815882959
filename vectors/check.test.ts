import { expect, it } from "vitest";
import { profiles } from "../events/profile/profiles.ts";
import { abilitiesOf } from "../target/ability.ts";
import { nothingKnown } from "../target/known.ts";
import { modelTarget } from "../target/model-target.ts";
import { objectPlan } from "../target/object-plan.ts";
import { checkVectors } from "./check.ts";
import { vectorsOf } from "./chosen.ts";
import { decodeVectors, encodeVectors } from "./format.ts";

const fileOf = (name: keyof typeof profiles, ids: ReadonlySet<string>) => {
  const vectors = vectorsOf(profiles[name]).map(({ vector }) => vector);
  const some = vectors.filter(({ id }) => ids.has(id));
  return decodeVectors(encodeVectors(profiles[name], some));
};

it("[VC7] a case that a file has for another unit is asked where a later one has it", async () => {
  const unit = profiles["hardware-2008"];
  const target = objectPlan(() => modelTarget(unit, abilitiesOf(unit)), { patience: 10 });
  const ids = new Set(["TR11", "PR6-by-hand"]);
  const [other, own] = [fileOf("everything", ids), fileOf("hardware-2008", ids)];
  const verdicts = async (...files: readonly ReturnType<typeof fileOf>[]) => {
    const { checked } = await checkVectors({ target, known: nothingKnown, files, watch: () => 0 });
    return checked.map(({ vector, verdict }) => `${vector.id} ${verdict}`).toSorted();
  };
  expect(await verdicts(other)).toEqual(["PR6-by-hand other unit", "TR11 passed"]);
  expect(await verdicts(other, own)).toEqual(["PR6-by-hand passed", "TR11 passed"]);
});
