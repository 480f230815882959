import { afterAll, expect, test } from "vitest";
import { captureRun as run } from "./test/captured-run.ts";
import { dma, interruptLog } from "./test/interrupt-log.ts";
import { scratch } from "./test/scratch.ts";

const { fileOf } = scratch("blocked", afterAll);

const seen = (device: string, observed: object) => {
  return { input: "MsiRequest", device, address: "0xfee00030", data: 0, observed };
};

test.each([
  ["as it was", [seen("00:05.0", { reason: 0x26 })], 0, /1 agree/],
  ["and told to the guest once", [1, 2].map(() => seen("00:05.0", { reason: 0x26 })), 0, /2 agree/],
  [
    "for another reason",
    [seen("00:05.0", { reason: 0x22 })],
    1,
    /fault 22h, but it was blocked by 26h/,
  ],
  [
    "but was delivered",
    [seen("00:04.0", { reason: 0x26 })],
    1,
    /26h, but it was delivered as 0xfee0/,
  ],
  [
    "to be delivered, but was blocked",
    [seen("00:05.0", { address: "0xfee01000", data: 51 })],
    1,
    /with 0x33, but it was blocked by 26h/,
  ],
  [
    "when a device wrote it",
    [{ ...dma("0xfee000b0", "00000000"), observed: { reason: 0x21 } }],
    0,
    /1 agree/,
  ],
  [
    "as a DMA that landed",
    [{ ...dma("0xfee000b0", "00000000"), observed: { gpa: "0x1000" } }],
    1,
    /landed at 0x1000, but is an interrupt request/,
  ],
])("[CI8] an interrupt that was seen to be blocked, %s", async (name, asked, code, said) => {
  // Entry 1 lets 00:04.0 alone use it.
  const verified = { input: "MemoryWrite", gpa: "0x3018", bytes: "2000040000000000" };
  const { out, ...ended } = await run("replay", fileOf(name, interruptLog(verified, ...asked)));
  expect([ended.code, ended.err]).toEqual([code, ""]);
  expect(out).toMatch(said);
});

test.each([{}, { address: "0xfee01000" }, { data: 1 }, { address: "0x0", data: 1, reason: 1 }])(
  "[CI8] %j is no answer to an interrupt request",
  async (observed) => {
    const { code, err } = await run(
      "replay",
      fileOf("half", interruptLog(seen("00:04.0", observed))),
    );
    expect(code).toBe(2);
    expect(err).toMatch(
      /MsiRequest: observed: is neither the address and data of a message nor the reas/,
    );
  },
);
