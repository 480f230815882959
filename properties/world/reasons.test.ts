import fc from "fast-check";
import { expect, it } from "vitest";
import type { Fact } from "../../events/fact.ts";
import { faultReasons, reason } from "../../events/fault/fault-reason.ts";
import { createWorld } from "../../hypervisor/create-world.ts";
import { fold } from "../../hypervisor/fold.ts";
import { anyProgram } from "./program.ts";

/** Reasons that nothing raises; docs/readings.md says why. Interrupts have laws of their own. */
const silent: ReadonlySet<number> = new Set<number>([
  reason.secondStageNoSnoop,
  reason.firstStageNoSnoop,
]);
const isInterrupt = (code: number): boolean => code >= 0x20 && code < 0x30;

/** The reason for which a fact blocks or drops a request, if it does. */
function reasonIn(fact: Fact): number | undefined {
  const { type } = fact;
  const blocks = type === "DmaBlocked" || type === "TranslationBlocked";
  return blocks || type === "PageRequestDropped" ? fact.reason : undefined;
}

it("[WO2] every reason that the model raises occurs in 1,000 generated worlds", () => {
  const counts = new Map<number, number>();
  const property = fc.property(anyProgram, ({ setup, inputs }) => {
    let world = createWorld(setup);
    for (const input of inputs) {
      const folded = fold(world, input);
      world = folded.world;
      for (const fact of folded.facts) {
        const code = reasonIn(fact);
        if (code !== undefined) counts.set(code, (counts.get(code) ?? 0) + 1);
      }
    }
  });
  fc.assert(property, { seed: 9, numRuns: 1000 });
  const wanted = [...faultReasons.keys()].filter((code) => !isInterrupt(code));
  const missing = wanted.filter((code) => counts.has(code) === silent.has(code));
  expect(missing.map((code) => code.toString(16))).toEqual([]);
}, 240_000);
