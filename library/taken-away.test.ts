import { describe, expect, it } from "vitest";
import { parseEvent, parseHeader } from "../events/log/log.ts";
import { LogError } from "../events/log/log-error.ts";
import { fold, steps } from "./check.ts";
import { notify } from "./notify.ts";
import { brokenLaw, judge } from "./run.ts";
import { dma, errorOf, setup, start } from "./test/junk.ts";

const [step] = [...steps(start, [dma])];
if (step === undefined) throw new Error("a DMA is a step");
const holes = { ...step, facts: new Array<never>(3) };
const { proxy, revoke } = Proxy.revocable({}, {});
revoke();
const revoked = proxy as never;

/** Each call with the message of the one error that it throws. */
const refusals: readonly (readonly [string, () => unknown, string])[] = [
  ["missing facts, to judge", () => judge(holes), "step: expected one, as steps gives it"],
  ["missing facts", () => notify(holes, {}), "step: expected one, as steps gives it"],
  [
    "a list that cannot be gone through",
    () => [...steps(start, { [Symbol.iterator]: () => undefined } as never)],
    "inputs: expected a list of them, whose iterator is nothing",
  ],
  [
    "a type that was taken away",
    () => fold(start, { ...dma, type: revoked }),
    "input: type: there is no input an object",
  ],
  [
    "a subscriber that was taken away",
    () => notify(step, { DmaBlocked: revoked }),
    "subscribers[0]: DmaBlocked: expected a function, found an object",
  ],
  [
    "laws that were taken away",
    () => brokenLaw({ setup, inputs: [] }, revoked),
    "laws: cannot be read",
  ],
];

describe("what is missing or was taken away", () => {
  it.each(refusals)("[LB3] of what is missing: %s", (_, call, message) => {
    expect(errorOf(call)?.message).toBe(message);
  });

  it("[LB3] a line of which nobody says where it stands is a LogError", () => {
    expect(() => parseEvent("x", undefined as never)).toThrow(LogError);
    expect(() => parseHeader("x", null as never)).toThrow(LogError);
  });
});
