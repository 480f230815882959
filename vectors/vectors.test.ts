import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { profiles } from "../events/profile/profiles.ts";
import { bugs } from "../properties/bugs/all.ts";
import { handfulOf, today } from "../properties/bugs/handful.ts";
import { abilitiesOf } from "../target/ability.ts";
import { modelTarget } from "../target/model-target.ts";
import type { Chosen } from "./chosen.ts";
import { allChosen, vectorFor, vectorsOf } from "./chosen.ts";
import { decodeVectors, encodeVectors } from "./format.ts";
import { byHand } from "./hand/all.ts";
import { firstWrong, wrongAnswer } from "./judge.ts";
import { makeSteps } from "./make.ts";
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

describe("files", () => {
  it("[VC5] read back what was written", () => {
    const profile = profiles["xen-vvtd"];
    const vectors = vectorsOf(profile).map(({ vector }) => vector);
    expect(vectors.length).toBeGreaterThan(10);
    const text = encodeVectors(profile, vectors);
    const { words, vectors: found } = decodeVectors(text);
    expect(words).toEqual({ ver: profile.ver, cap: profile.cap, ecap: profile.ecap });
    expect(encodeVectors(profile, found)).toBe(text);
    const target = modelTarget(profile, abilitiesOf(profile));
    for (const { id, steps } of found) {
      const { ver, cap, ecap } = profile;
      target.reset({ ver, cap, ecap });
      expect([id, firstWrong(target, steps)]).toEqual([id, undefined]);
    }
  });

  const words = '"ver":"0x10","cap":"0xd2038c226f0686","ecap":"0xfc3"';
  const head = `{"vectors":1,"profile":"x",${words}}`;
  const cut = head.replace("}", ',"cases":2}');
  /** A file with one case of these steps. */
  const steps = (...all: readonly object[]) =>
    `${head}\n${JSON.stringify({ id: "a", steps: all })}\n`;
  const read = { op: "readRegisters", offset: 0, length: 4, expect: { bytes: "00000000" } };
  const same = JSON.stringify({ id: "a", steps: [read] });
  const dma = { op: "dma", source: 8, address: "0x1000", access: "read", length: 8, expect: {} };
  const bad: readonly (readonly [string, number, string])[] = [
    ["", 1, "is empty"],
    ["\n \n", 1, "is empty"],
    ["[]", 1, "no JSON object"],
    ["{", 1, "no JSON"],
    ["{}", 1, "no file of vectors"],
    ['{"vectors":7}', 1, "format 7, which is not known"],
    ['{"vectors":1,"profile":"x"}', 1, "the head lacks the field ver"],
    [
      head.replace("0x10", "ten"),
      1,
      'the head has a wrong ver: it has to be a number of 64 bits, not "ten"',
    ],
    [head.replace("}", ',"case":2}'), 1, 'the head has the unknown field "case"'],
    [
      head.replace("0xd2038c226f0686", "0x0"),
      1,
      expect.stringMatching(/^is for a unit that cannot be: ./),
    ],
    [`${head}\n{"steps":[]}`, 2, "a case lacks the field id"],
    [`${head}\n{"id":"a"}`, 2, "a case lacks its steps: a"],
    [`${head}\n{"id":"a","steps":[]}`, 2, "a case lacks its steps: a"],
    [`${head}\n${same}\n{`, 3, "no JSON"],
    [steps({ op: "sing" }), 2, 'step 1 of a has the unknown op "sing"'],
    [steps({ op: "reset" }), 2, 'step 1 of a has the unknown op "reset"'],
    [steps(read, { ...dma, expect: undefined }), 2, "step 2 of a lacks the field expect"],
    [
      steps({ ...dma, address: -7 }),
      2,
      "step 1 of a has a wrong address: it has to be a number of 64 bits, not -7",
    ],
    [
      steps({ ...dma, bytes: "0" }),
      2,
      'step 1 of a has a wrong bytes: it has to be hexadecimal digits, two a byte, not "0"',
    ],
    [
      steps({ ...dma, source: 1 << 16 }),
      2,
      "step 1 of a has a wrong source: it has to be a number from 0 to 65535, not 65536",
    ],
    [steps({ ...dma, speed: 1 }), 2, 'step 1 of a has the unknown field "speed"'],
    [steps({ ...dma, expect: { speed: 1 } }), 2, 'step 1 of a has the unknown field "speed"'],
    [
      steps({ ...dma, access: "peek" }),
      2,
      'step 1 of a has a wrong access: it has to be among read, write, not "peek"',
    ],
    [
      steps({ ...read, offset: -8 }),
      2,
      "step 1 of a has a wrong offset: it has to be a number from 0 to 4095, not -8",
    ],
    [steps({ ...read, offset: 4094 }), 2, "step 1 of a goes beyond the 4096 bytes of registers"],
    [
      steps({ ...read, length: 0 }),
      2,
      "step 1 of a has a wrong length: it has to be a number from 1 to 4096, not 0",
    ],
    [
      steps({ ...read, expect: { bytes: "00000000", mask: "ff" } }),
      2,
      "step 1 of a has 1 bytes of mask, not as many as of bytes",
    ],
    [steps({ ...dma, expect: { mask: "ff" } }), 2, 'step 1 of a has the unknown field "mask"'],
    [
      `${head}\n{"id":"a","needs":["wings"],"steps":[]}`,
      2,
      'a case has a wrong needs: it has to be among interrupts, pasid, ats, pageRequests, not "wings"',
    ],
    [`${cut}\n`, 1, "the file is cut or was changed: it has 0 cases instead of 2"],
    [`${cut}\n${same}\n${same}\n`, 3, "a case has the id a, as line 2 has"],
  ];
  it.each(bad)("[VC5] that are none are told by line and reason: %s", (text, line, message) => {
    expect(() => decodeVectors(text)).toThrow(expect.objectContaining({ line, message }));
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
});
