import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { profiles } from "../events/profile/profiles.ts";
import { bugs } from "../properties/bugs/all.ts";
import { handfulOf, today } from "../properties/bugs/handful.ts";
import { abilitiesOf } from "../target/ability.ts";
import { modelTarget } from "../target/model-target.ts";
import type { Chosen } from "./chosen.ts";
import { allChosen, shownBy, vectorFor } from "./chosen.ts";
import { byHand } from "./hand/all.ts";
import { firstWrong, wrongAnswer } from "./judge.ts";
import { makeSteps } from "./make.ts";
import { openBits } from "./open-bits.ts";
import { facets, nameOf } from "./rules/all.ts";
import { hidden, unitSections } from "./rules/hidden.ts";
import { stopModels, withModel, wordsOf } from "./select/mutant.ts";
import { sentenceOf, sentences } from "./select/why.ts";

afterAll(stopModels);

const chosen = allChosen();
const spec = readFileSync(new URL("../SPEC.md", import.meta.url), "utf8");

/** The ids of the rules that are about a unit. */
const unitRules = spec
  .split(/^## /m)
  .filter((section) => unitSections.includes(section.split("\n", 1)[0] ?? ""))
  .flatMap((section) => [...section.matchAll(/^- \[([A-Z]+\d+)\]/gm)].map(([, id = ""]) => id));

const vectorOf = (one: Chosen) => {
  const vector = vectorFor(profiles[one.profile], one);
  if (vector === undefined) throw new Error(`${one.id} is none for ${one.profile}`);
  return vector;
};

describe("the chosen cases", () => {
  it("[VC1] a rule about a unit is shown by a case, or it is said why none can", () => {
    const shown = new Set(facets.map(({ rule }) => rule));
    const said = unitRules.filter((rule) => shown.has(rule) === hidden.has(rule));
    expect(said).toEqual([]);
    const stray = [...shown, ...hidden.keys()].filter((rule) => !unitRules.includes(rule));
    expect(stray).toEqual([]);
  });

  it("[VC1] docs/vectors.md lists the rules that no case shows", () => {
    const page = readFileSync(new URL("../docs/vectors.md", import.meta.url), "utf8");
    const rows = [...page.matchAll(/^\| ([A-Z0-9 ]+) \| (.*) \|$/gm)];
    const listed = rows.flatMap(([, ids = "", why = ""]) =>
      ids.split(" ").map((id) => [id, why] as const),
    );
    expect(new Map(listed)).toEqual(hidden);
  });

  it("[VC1] each is a case for its profile, by a name of its own", { timeout: 240_000 }, () => {
    const ids = chosen.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(chosen.length).toBeGreaterThan(100);
    const rules = new Set(chosen.flatMap((each) => vectorOf(each).rules));
    const missing = facets.filter(({ rule }) => !rules.has(rule)).map(nameOf);
    expect(missing).toEqual([]);
  });

  it("[VC1] each side of a rule is shown by a case", () => {
    const shown = new Set(
      chosen.flatMap(({ profile: name, inputs }) => {
        const profile = profiles[name];
        return shownBy(profile, makeSteps(profile, inputs));
      }),
    );
    expect(facets.map(nameOf).filter((name) => !shown.has(name))).toEqual([]);
  });

  it("[VC2] the model passes each, emulated devices or not", { timeout: 240_000 }, () => {
    for (const one of handfulOf(chosen, 50, today())) {
      const profile = profiles[one.profile];
      for (const physical of profile.cachingMode ? [false, true] : [false]) {
        const target = modelTarget(profile, abilitiesOf(profile), { physical });
        expect([one.id, firstWrong(target, vectorOf(one).steps)]).toEqual([one.id, undefined]);
      }
    }
  });

  it("[VC3] what each says of itself is what the rules and the seeded bugs say", () => {
    const known = new Map(bugs.map(({ id, what }) => [id, what]));
    const rules = sentences();
    for (const { id, why, shows, kills } of chosen) {
      expect([id, kills.filter((each) => !known.has(each))]).toEqual([id, []]);
      const [facet] = shows;
      const about = facet === undefined ? { bug: kills[0] } : { facet };
      expect([id, why]).toEqual([id, sentenceOf(about, rules)]);
    }
  });

  it("[VC3] those that were written by hand show what they are for", () => {
    for (const { id, profile, facet, inputs } of byHand) {
      if (facet === undefined) continue;
      const { trail } = makeSteps(profiles[profile], inputs);
      const found = facets.find((each) => nameOf(each) === facet);
      expect([id, found?.shows({ profile: profiles[profile], trail })]).toEqual([id, true]);
    }
  });
});

describe("seeded bugs", () => {
  const killed = bugs.filter(({ id }) => chosen.some(({ kills }) => kills.includes(id)));

  const sample = handfulOf(killed, 3, today());
  it.each(sample)("[VC4] $id fails the cases that are said to find it", async (bug) => {
    const cases = chosen.filter(({ kills }) => kills.includes(bug.id)).slice(0, 3);
    const failed = await withModel(bug, async (mutant) => {
      const trials = cases.map((one) => {
        const { steps } = vectorOf(one);
        return { words: wordsOf(profiles[one.profile]), steps };
      });
      return mutant.failed(trials, trials.length);
    });
    expect(failed).toEqual(cases.map((_, index) => index));
  });
});

describe("an answer", () => {
  const step = (op: string, expectation: object) => ({
    request: { op } as never,
    expect: expectation,
  });
  const bytes = (...values: readonly number[]) => Uint8Array.from(values);
  const wrong: readonly (readonly [string, object, object])[] = [
    ["dma", { at: 0x1000n }, { at: 0x2000n }],
    ["dma", { at: 0x1000n }, {}],
    ["dma", { fault: 5 }, { fault: 6 }],
    ["dma", { fault: 5 }, { fault: 5, suppressed: true }],
    ["dma", { blocked: true }, { at: 0n }],
    ["dma", { at: 0n, bytes: bytes(1, 2) }, { at: 0n, bytes: bytes(1, 3) }],
    ["dma", { at: 0n, bytes: bytes(1, 2) }, { at: 0n }],
    ["interrupt", { address: 0xfee0_0000n, data: 1 }, { address: 0xfee0_0000n, data: 2 }],
    ["interrupt", { address: 0xfee0_0000n, data: 1 }, { address: 0xfee0_1000n, data: 1 }],
    ["interrupt", {}, { fault: 0x22 }],
    ["translate", { at: 0x1000n, read: true }, { at: 0x1000n, read: true, write: true }],
    ["translate", { at: 0x1000n, read: true }, { at: 0x2000n, read: true }],
    ["translate", {}, { fault: 0x44 }],
    ["writeRegister", { messages: [{ address: 1n, data: 2 }] }, {}],
    ["writeRegister", {}, { messages: [{ address: 1n, data: 2 }] }],
    ["writeRegister", { responses: [{ source: 8, group: 1, code: "success" }] }, {}],
    ["readRegisters", { bytes: bytes(1), mask: bytes(0x0f) }, { bytes: bytes(2) }],
    ["readRegisters", { bytes: bytes(1), or: bytes(0) }, { bytes: bytes(2) }],
    ["readMemory", { bytes: bytes(1, 1) }, { bytes: bytes(1) }],
  ];
  it.each(wrong)("[VC6] that is wrong is found: %s, %#", (op, expectation, answer) => {
    expect(wrongAnswer(step(op, expectation), answer)).toBeDefined();
    expect(wrongAnswer(step(op, expectation), expectation)).toBeUndefined();
  });

  it("[VC6] that the file leaves open is right", () => {
    const masked = step("readRegisters", { bytes: bytes(1), mask: bytes(0x0f) });
    expect(wrongAnswer(masked, { bytes: bytes(0xf1) })).toBeUndefined();
    const either = step("readRegisters", { bytes: bytes(1), or: bytes(0) });
    expect(wrongAnswer(either, { bytes: bytes(0) })).toBeUndefined();
    const granted = step("translate", { at: 0x1000n, read: true });
    expect(wrongAnswer(granted, { at: 0x1234n, read: true, write: false })).toBeUndefined();
  });

  it("[VC6] of the queue's error may leave out the reason, which is no source-id", () => {
    const shown = (low: number, high = 0) => openBits("IQERCD", bytes(low, 0, 0, 0, high, 0, 0, 0));
    expect(shown(5)).toEqual({ or: new Uint8Array(8) });
    expect([shown(0), shown(0, 8), shown(5, 8), shown(16)]).toEqual([{}, {}, {}, {}]);
  });
});
