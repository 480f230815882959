import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseHeader } from "../events/log/log.ts";
import { readLog as readInside } from "../events/log/read-log.ts";
import { ProfileError } from "../events/profile/profile-check.ts";
import { createWorld, fold, steps, translate, why } from "./check.ts";
import { encodeEvent, encodeHeader, readLog } from "./log.ts";
import { notify } from "./notify.ts";
import { brokenLaw, judge, runOf } from "./run.ts";
import { anyJunk, device, dma, errorOf, setup, start } from "./test/junk.ts";

const [step] = [...steps(start, [dma])];
if (step === undefined) throw new Error("a DMA is a step");
const [fact] = step.facts;
const question = { device, iova: dma.iova };
const detached = new Uint8Array(8);
structuredClone(detached, { transfer: [detached.buffer] });
const unreadable = Object.defineProperty({ ...dma }, "iova", {
  enumerable: true,
  get: () => {
    throw new Error("nobody may ask");
  },
});

/** Each call with the message of the one error that it throws. */
const refusals: readonly (readonly [string, () => unknown, string])[] = [
  ["an unreadable field", () => fold(start, unreadable as never), "Dma: iova: cannot be read"],
  [
    "bytes that were given away",
    () => fold(start, { ...dma, bytes: detached }),
    "Dma: bytes: cannot be read",
  ],
  ["a list", () => fold(start, [dma] as never), "input: expected an object, found a list"],
  [
    "a world of something else",
    () => fold({ seq: 0, guests: [{}], owners: start.owners } as never, dma),
    "world: expected one, as createWorld and fold give it",
  ],
  [
    "a world without owners",
    () => fold({ seq: 0, guests: start.guests } as never, dma),
    "world: expected one, as createWorld and fold give it",
  ],
  ["no list of inputs", () => steps(start, 7 as never), "inputs: expected a list of them, found 7"],
  [
    "no number of an event",
    () => steps(start, [], "7" as never),
    'until: expected the number of an event, found "7"',
  ],
  [
    "a number before all",
    () => steps(start, [], -1),
    "until: expected the number of an event, found -1",
  ],
  [
    "a later event",
    () => why(start, [dma], { ...question, at: 9 }),
    "question: at: there is no event 9; the last one is 2",
  ],
  [
    "an earlier event",
    () => why(step.after, [dma], { ...question, at: 1 }),
    "question: at: there is no event 1; the first one is 2",
  ],
  [
    "a guest that is not there",
    () => why(start, [dma], { ...question, guest: 1 }),
    "question: guest: there is no guest 1; guests: 1",
  ],
  [
    "a guest that is not there",
    () => translate(start, { ...question, guest: 7 }),
    "question: guest: there is no guest 7; guests: 1",
  ],
  ["nothing for a step", () => notify(null as never, {}), "step: cannot be read"],
  [
    "facts that are none",
    () => notify({ ...step, facts: [null] } as never, {}),
    "step: expected one, as steps gives it",
  ],
  [
    "nothing for a subscriber",
    () => notify(step, {}, null as never),
    "subscribers[1]: expected an object, found null",
  ],
  [
    "a subscriber that cannot be called",
    () => notify(step, { DmaLanded: 5 } as never),
    "subscribers[0]: DmaLanded: expected a function, found 5",
  ],
  [
    "nothing for a log",
    () => readLog(null as never),
    "log: expected its text or its lines, found null",
  ],
  [
    "a fact behind something later",
    () => encodeEvent({ seq: 2, cause: 9, fact } as never),
    "log event: cause: 9 is not before it",
  ],
  [
    "a fact behind itself",
    () => encodeEvent({ seq: 2, cause: 2, fact } as never),
    "log event: cause: 2 is not before it",
  ],
  [
    "both an input and a fact",
    () => encodeEvent({ seq: 2, cause: 1, input: dma, fact } as never),
    "log event: both an input and a fact",
  ],
  ["nothing for a run", () => runOf(null as never), "program: cannot be read"],
  [
    "an input that is none, in a run",
    () => runOf({ setup, inputs: [dma, { type: "Dmaa" } as never] }),
    'inputs[1]: input: type: there is no input "Dmaa"',
  ],
  [
    "an address that is none, in a run",
    () => runOf({ setup, inputs: [{ ...dma, iova: -1n as never }] }),
    "inputs[0]: Dma: iova: expected IOVA as a bigint, found -1n",
  ],
  [
    "a set-up that is none, in a run",
    () => runOf({ setup: {} as never, inputs: [] }),
    "set-up: guests: expected list of object, found nothing",
  ],
  [
    "an address that is none, held to laws",
    () => brokenLaw({ setup, inputs: [{ ...dma, iova: -1n as never }] }),
    "inputs[0]: Dma: iova: expected IOVA as a bigint, found -1n",
  ],
  [
    "laws that are none",
    () => brokenLaw({ setup, inputs: [] }, 7 as never),
    "laws: expected a list, found 7",
  ],
  ["nothing to judge", () => judge(null as never), "step: cannot be read"],
  [
    "an address that is none, to judge",
    () => judge({ ...step, input: { ...dma, iova: -1n as never } }),
    "Dma: iova: expected IOVA as a bigint, found -1n",
  ],
  [
    "a fact that is none, to judge",
    () => judge({ ...step, facts: [{ type: "DmaBlockd" } as never] }),
    'fact: type: there is no fact "DmaBlockd"',
  ],
  [
    "a world that is none, to judge",
    () => judge({ ...step, after: {} as never }),
    "step: after: expected one, as createWorld and fold give it",
  ],
];

describe("what the door refuses", () => {
  it.each(refusals)("[LB3] %s", (_, call, message) => {
    expect(errorOf(call)?.message).toBe(message);
  });

  it("[LB3] whatever it is, beside a step, a run and a log", () => {
    const property = fc.property(anyJunk, (junk) => {
      const any = junk as never;
      expect(errorOf(() => notify(any, {}))).toBeDefined();
      errorOf(() => notify(step, any));
      errorOf(() => [...steps(start, [dma], any)]);
      expect(errorOf(() => judge(any))).toBeDefined();
      expect(errorOf(() => judge({ ...step, before: any }))).toBeDefined();
      expect(errorOf(() => runOf(any))).toBeDefined();
      expect(errorOf(() => runOf({ setup, inputs: [any] }))).toBeDefined();
      expect(errorOf(() => brokenLaw(any))).toBeDefined();
    });
    fc.assert(property, { numRuns: 300 });
  });

  it("[LB3] more guests than an event can tell apart", () => {
    const guests = new Array(257).fill(setup.guests[0]);
    const message = "guests: there are 257; at most 256";
    expect(errorOf(() => createWorld({ guests }))?.message).toBe(`set-up: ${message}`);
    const line = encodeHeader({ guests: guests.slice(1) });
    expect(parseHeader(line).setup.guests.length).toBe(256);
    const [one = ""] = /\{"ver".*?\}\]\}/.exec(line) ?? [];
    const longer = line.replace('"guests":[', `"guests":[${one},`);
    expect(() => readInside(longer)).toThrow(`line 1: ${message}`);
  });

  it("[LB3] capabilities that contradict each other, by their own error", () => {
    const guests = [{ ...setup.guests[0], cap: 0n }] as never;
    expect(() => createWorld({ guests })).toThrow(ProfileError);
    expect(() => runOf({ setup: { guests }, inputs: [] })).toThrow(ProfileError);
  });
});
