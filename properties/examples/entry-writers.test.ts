import { expect, test } from "vitest";
import { entryWriter, followEntryWriters, startEntryWriters } from "../../history/entry-writers.ts";
import { stepOf } from "../../history/step.ts";
import { memory } from "./driver.ts";
import { given } from "./given.ts";
import { interruptTable } from "./interrupt-driver.ts";
import { unit } from "./unit.ts";

test("[CI2] who wrote either half of an interrupt entry is known, of others not", () => {
  const { world } = given(unit());
  const address = interruptTable + 16n * 3n;
  const writer = (at: bigint): number | undefined => {
    const step = stepOf(world, memory(at, 0xffn));
    return entryWriter(followEntryWriters(startEntryWriters(0, 3), step), address)?.seq;
  };
  const seq = world.seq + 1;
  expect([writer(address), writer(address + 8n)]).toEqual([seq, seq]);
  expect([writer(address - 8n), writer(address + 16n)]).toEqual([undefined, undefined]);
});
