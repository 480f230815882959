import fc from "fast-check";
import { expect, it } from "vitest";
import type { Fact } from "../../events/fact.ts";
import { extendedReasons } from "../../events/fault/extended-reasons.ts";
import { faultReasons, reason } from "../../events/fault/fault-reason.ts";
import { createWorld } from "../../hypervisor/create-world.ts";
import { fold } from "../../hypervisor/fold.ts";
import { anyExtendedProgram } from "./extended/program.ts";
import { anyProgram } from "./program.ts";

/** Reasons that nothing raises; docs/readings.md says why. Interrupts have laws of their own. */
const silent: ReadonlySet<number> = new Set<number>([
  reason.secondStageNoSnoop,
  reason.firstStageNoSnoop,
]);
const isInterrupt = (code: number): boolean => code >= 0x20 && code < 0x30;

/** The reasons of 2.x: the worlds of extended contexts have them. */
const isExtended = (code: number): boolean => code >= 0x10 && code < 0x20;

/** The reason for which a fact blocks or drops a request, if it does. */
function reasonIn(fact: Fact): number | undefined {
  const { type } = fact;
  const blocks = type === "DmaBlocked" || type === "TranslationBlocked";
  return blocks || type === "PageRequestDropped" ? fact.reason : undefined;
}

/** Reasons of 2.x that its worlds seldom or never bring about: examples alone hold them. */
const seldom: ReadonlySet<number> = new Set<number>([
  reason.extendedPasidAccess,
  reason.extendedPasidReserved,
  reason.extendedFirstReserved,
  reason.extendedExecuteDenied,
  reason.legacyPasidExtended,
]);

/** How often each reason occurs in so many worlds of a kind. */
function counted(programs: typeof anyProgram, seed: number, numRuns: number): Map<number, number> {
  const counts = new Map<number, number>();
  const property = fc.property(programs, ({ setup, inputs }) => {
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
  fc.assert(property, { seed, numRuns });
  return counts;
}

it("[WO2] every reason that the model raises occurs in 1,000 generated worlds", () => {
  const counts = counted(anyProgram, 9, 1000);
  const wanted = [...faultReasons.keys()].filter((code) => !isInterrupt(code) && !isExtended(code));
  const missing = wanted.filter((code) => counts.has(code) === silent.has(code));
  expect(missing.map((code) => code.toString(16))).toEqual([]);
}, 240_000);

it("[EC91] the reasons of 2.x but for five occur in 120 worlds of extended contexts", () => {
  const counts = counted(anyExtendedProgram, 9, 120);
  const wanted = Object.values(extendedReasons).filter(({ code }) => !seldom.has(code));
  expect(wanted.filter(({ code }) => !counts.has(code))).toEqual([]);
  const others = [...counts.keys()].filter((code) => code >= 0x20 && code !== 0x30);
  expect(others.filter((code) => !isInterrupt(code))).toEqual([]);
}, 240_000);
