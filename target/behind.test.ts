import { expect, it } from "vitest";
import type { Input } from "../events/input.ts";
import { profiles } from "../events/profile/profiles.ts";
import { at } from "../events/registers/offset.ts";
import {
  booted,
  command,
  iotlbOfAll,
  page,
  qie,
  queue,
  reads,
  srtp,
  te,
  waitStatus,
  write8,
} from "../properties/examples/driver.ts";
import { choicesBehind } from "./behind.ts";
import { definedInputs } from "./defined-input.ts";
import type { Answers, Implementation } from "./implementation.ts";
import { nothingKnown } from "./known.ts";
import { openLane } from "./lane.ts";
import { modelTarget } from "./model-target.ts";
import { objectPlan } from "./object-plan.ts";
import { setupOf } from "./setup.ts";

type Parts = readonly (Input | Parts)[];
const flat = (parts: Parts): readonly Input[] => parts.flat(9) as readonly Input[];

/** What is behind the difference of a unit whose registers show something else. */
async function behind(inputs: Parts, change: (bytes: Uint8Array) => void) {
  const lying = (target: Implementation): Implementation => ({
    ...target,
    readRegisters: (asked) => {
      const bytes = (target.readRegisters(asked) as Answers["readRegisters"]).bytes.slice();
      change(bytes);
      return { bytes };
    },
  });
  const make = () => lying(modelTarget(profiles["hardware-2016"], []));
  const lane = await openLane(objectPlan(make, { patience: 10 }), nothingKnown);
  const run = await lane.run(flat(inputs));
  await lane.stop();
  return choicesBehind(run);
}

const turnOn: Parts = [write8(at.rtaddr, 0x1000n), command(srtp), command(te)];

it("[TG15] a difference that rests on a choice names the rule or the reading", async () => {
  let count = 0;
  const fri = await behind([write8(at.rtaddr, 0x1000n)], (bytes) => {
    bytes[at.fsts + 1] = 3;
  });
  expect(fri).toEqual([expect.stringMatching(/^with no fault pending FRI means nothing/)]);
  const width = await behind([write8(at.iqa, queue | 0x800n)], (bytes) => {
    bytes[at.iqa + 1] = (bytes[at.iqa + 1] ?? 0) & ~8;
  });
  expect(width).toEqual([expect.stringMatching(/^IQA.DW keeps what is written/)]);
  const again = await behind([turnOn, reads(page), reads(page)], (bytes) => {
    // The overflow of a unit that does not collapse.
    if (count++ > 5) bytes[at.fsts] = 3;
  });
  expect(again).toEqual([expect.stringMatching(/^a fault of a source-id that has a record/)]);
  const plain = await behind([write8(at.rtaddr, 0x1000n)], (bytes) => {
    bytes[at.rtaddr] = 1;
  });
  expect(plain).toEqual([]);
});

it("[TG16] a queue is asked to be disabled after a wait alone", () => {
  const setup = { guests: [setupOf(profiles["hardware-2016"])] };
  const isAsked = (...descriptors: readonly bigint[]): boolean => {
    const words = descriptors.flatMap((one) => [BigInt.asUintN(64, one), one >> 64n]);
    const bytes = new Uint8Array(new BigUint64Array(words).buffer);
    const inputs: Parts = [
      booted,
      write8(at.iqa, queue),
      command(te | qie),
      { type: "MemoryWrite", gpa: queue as never, bytes, flushed: true },
      write8(at.iqt, BigInt(bytes.length)),
      command(te),
    ];
    const all = flat(inputs);
    return definedInputs(setup, all).length === all.length;
  };
  expect(isAsked()).toBe(true);
  expect(isAsked(iotlbOfAll)).toBe(false);
  expect(isAsked(iotlbOfAll, waitStatus(0x1_6000n, 1))).toBe(true);
});
