import { expect, it } from "vitest";
import { profiles } from "../events/profile/profiles.ts";
import { at } from "../events/registers/offset.ts";
import {
  booted,
  command,
  iotlbOfAll,
  qie,
  queue,
  te,
  waitStatus,
  write8,
} from "../properties/examples/driver.ts";
import { definedInputs } from "./defined-input.ts";
import { setupOf } from "./setup.ts";
import type { Parts } from "./test/other-target.ts";
import { flat } from "./test/other-target.ts";

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
