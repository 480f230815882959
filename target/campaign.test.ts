import { describe, expect, it } from "vitest";
import { profiles } from "../events/profile/profiles.ts";
import { campaign } from "./campaign.ts";
import type { Ability, Answers, Implementation, Operation } from "./implementation.ts";
import { nothingKnown } from "./known.ts";
import { modelTarget } from "./model-target.ts";
import { objectPlan } from "./object-plan.ts";

/** Runs some programs on the model as a target, which may be made to lie. */
async function runModel(
  name: keyof typeof profiles,
  can: readonly Ability[],
  runs: number,
  lying: (target: Implementation) => Implementation = (target) => target,
) {
  const target = objectPlan(() => lying(modelTarget(profiles[name], can)), { patience: 10 });
  const asked = { target, known: nothingKnown, seed: 8, runs, seconds: 200, lanes: 1 };
  const { tally, finding } = await campaign({ ...asked, watch: () => undefined });
  return { tally, text: finding?.death ?? finding?.comparison?.difference?.text };
}

/** An answer with one bit of its last byte changed. */
const flipped = (answer: { readonly bytes?: Uint8Array }): object => {
  const bytes = answer.bytes?.slice();
  const last = bytes?.at(-1);
  if (bytes === undefined || last === undefined) return answer;
  bytes[bytes.length - 1] = last ^ 1;
  return { ...answer, bytes };
};

/** The register page with another address of the fault event. */
const otherAddress = ({ bytes }: Answers["readRegisters"]): object => {
  const changed = bytes.slice();
  changed[0x40] = (bytes[0x40] ?? 0) ^ 4;
  return { bytes: changed };
};

describe("the model as a target of its own", () => {
  const all: readonly Ability[] = ["interrupts", "pasid", "ats", "pageRequests"];
  it.each([
    ["everything-scalable", all, 8],
    ["hardware-2016", ["interrupts", "ats"], 12],
    ["hardware-2008", [], 12],
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

  /** A change of the answers to one request, by its kind, and how it shows. */
  const lies: readonly (readonly [string, Operation, (answer: never) => object, RegExp])[] = [
    ["data", "dma", flipped, /^the device read /],
    [
      "place",
      "dma",
      ({ at, ...rest }: Answers["dma"]) =>
        at === undefined ? rest : { ...rest, at: at ^ 0x1000n },
      /^dma: page /,
    ],
    [
      "reason",
      "dma",
      ({ fault, ...rest }: Answers["dma"]) =>
        fault === undefined ? rest : { ...rest, fault: fault ^ 1 },
      /^dma: fault /,
    ],
    [
      "silence",
      "dma",
      (answer: Answers["dma"]) => ({
        ...answer,
        ...(answer.suppressed ? { suppressed: false } : {}),
      }),
      /^dma: fault .*, the model: fault .*, suppressed/,
    ],
    [
      "suppressed reason",
      "dma",
      ({ fault, ...rest }: Answers["dma"]) =>
        fault === undefined || !rest.suppressed
          ? { ...rest, ...(fault ? { fault } : {}) }
          : { ...rest, fault: 0x80 },
      /^dma: fault 0x80, suppressed, the model: fault .*, suppressed/,
    ],
    [
      "size",
      "dma",
      (answer: Answers["dma"]) =>
        answer.at === undefined ? answer : { ...answer, size: 1n << 40n },
      /^dma: a mapping of 0x10000000000 bytes, the model: a mapping of 0x/,
    ],
    [
      "event",
      "writeRegister",
      ({ messages: _, ...rest }: Answers["writeRegister"]) => rest,
      /event: no message/,
    ],
    [
      "response",
      "writeRegister",
      ({ responses: _, ...rest }: Answers["writeRegister"]) => rest,
      /event: no answer/,
    ],
    [
      "interrupt",
      "interrupt",
      ({ data, ...rest }: Answers["interrupt"]) =>
        data === undefined ? rest : { ...rest, data: data ^ 1 },
      /^interrupt: /,
    ],
    [
      "right",
      "translate",
      (answer: Answers["translate"]) => ({ ...answer, write: !answer.write }),
      /^answer: /,
    ],
    ["memory", "readMemory", flipped, /^memory at /],
    ["register", "readRegisters", otherAddress, /^register: FEADDR /],
  ];
  it.each(lies)("[TG13] a wrong %s of %s is found", async (_, operation, change, text) => {
    const lying = (target: Implementation): Implementation => {
      const { [operation as "dma"]: right } = target;
      return { ...target, [operation]: (asked: never) => change(right(asked) as never) };
    };
    const found = await runModel("everything-scalable", all, 30, lying);
    expect(found.text).toMatch(text);
  });
});

it("[TG14] of two differences that are found at a time the first of the seed is told", async () => {
  let made = 0;
  const make = (): Implementation => {
    const target = modelTarget(profiles["xen-vvtd"], []);
    const isSlow = made === 0;
    made += 1;
    const late = new Promise((done) => setTimeout(done, isSlow ? 1500 : 0));
    return {
      ...target,
      readMemory: async (asked) => {
        await late;
        return flipped(await target.readMemory(asked)) as Answers["readMemory"];
      },
    };
  };
  const target = objectPlan(make, { patience: 10 });
  const asked = { target, known: nothingKnown, seed: 8, runs: 9, seconds: 60, lanes: 2 };
  const { tally, finding } = await campaign({ ...asked, watch: () => undefined });
  expect([tally.programs, finding?.index]).toEqual([2, 0]);
});
