import { describe, expect, test } from "vitest";
import { entryCases } from "./entry-cases.ts";
import type { Spoil } from "./example-extended.ts";
import { ask, entries, example, places, putAt, reach } from "./example-extended.ts";
import { none } from "./fault-case.ts";
import { isRecorded, reasons } from "./reason.ts";
import { nestedCases, walkCases } from "./walk-cases.ts";

const pasid = 0x42;

describe("walks in extended mode", () => {
  for (const { name, spoil, reason, request, words } of walkCases)
    test(`[EC5] ${reason.toString(16)}h ${name}`, () => {
      const bytes = example(words);
      if (spoil !== none) expect(reach(bytes, request)).toBeTypeOf("bigint");
      spoil(bytes);
      expect(reach(bytes, request)).toBe(reason);
    });

  for (const { name, spoil, reason, request, words } of nestedCases)
    test(`[EC6] ${reason.toString(16)}h ${name}`, () => {
      const bytes = example(words);
      expect(reach(bytes, request)).toBe(0xf000n);
      spoil(bytes);
      expect(reach(bytes, request)).toBe(reason);
    });
});

describe("faults in extended mode", () => {
  test("[EC7] each reason of the list is shown by a case", () => {
    const shown = [...entryCases, ...walkCases, ...nestedCases].map(({ reason }) => reason);
    const known = [...reasons.keys()].filter((reason) => reason !== 0x30);
    expect([...new Set(shown)].toSorted((a, b) => a - b)).toEqual(known);
  });

  test("[EC7] FPD of the context entry suppresses what is found from it on", () => {
    const recorded = (spoil: Spoil, request = {}) => {
      const bytes = example();
      spoil(bytes);
      const outcome = ask(bytes, { pasid, ...request });
      return outcome.kind === "fault" ? [outcome.reason, outcome.recorded] : outcome;
    };
    expect(recorded(putAt(0xd030n, 0n))).toEqual([0x17, true]);
    const fpd = (low: bigint) => putAt(places.context, low | 2n);
    const [low = 0n] = entries.plain;
    const unset = putAt(0xd030n, 0n);
    const quiet: readonly (readonly [Spoil, number])[] = [
      [fpd(low & ~1n), 0x2],
      [fpd(low & ~0x800n), 0x18],
      [fpd(low | (3n << 2n)), 0x3],
      [fpd(low | (1n << 40n)), 0xb],
    ];
    for (const [spoil, reason] of quiet) expect(recorded(spoil)).toEqual([reason, false]);
    const walk: Spoil = (bytes) => {
      fpd(low)(bytes);
      unset(bytes);
    };
    expect(recorded(walk)).toEqual([0x17, false]);
    expect(recorded(fpd(low), { pasid: 0x80 })).toEqual([0x1b, false]);
    const regular: Spoil = ({ unit }) => (unit.root = 0x1000n);
    expect(recorded(regular)).toEqual([0x1c, true]);
  });

  test("[EC7] what is found before a context entry is read is recorded whatever FPD says", () => {
    const always = [...reasons.keys()].filter((reason) => isRecorded(reason, true, false));
    expect(always).toEqual([0x1, 0x8, 0x9, 0xa, 0x10, 0x1c, 0x30]);
  });

  test("[EC8] a translation request is told that it may not, or that it cannot be answered", () => {
    const bytes = example(entries.deviceTlb);
    const type = "translation";
    bytes.put(0xd030n, 0n);
    const none = { answer: "no permission", recorded: false };
    expect(ask(bytes, { pasid, type })).toMatchObject({ reason: 0x17, ...none });
    const fetches = { pasid: 0x43, type, execute: true } as const;
    expect(ask(bytes, fetches)).toMatchObject({ reason: 0x11, ...none });
    expect(ask(bytes, { pasid: 0x80, type })).toMatchObject({
      ...{ reason: 0x1b, answer: "unsupported", recorded: true },
    });
    bytes.put(places.pasid, 0xa803n);
    expect(ask(bytes, { pasid, type })).toMatchObject({
      ...{ reason: 0x12, answer: "abort", recorded: true },
    });
    const by = (answer: string) =>
      [...reasons].filter(([, row]) => row.answer === answer).map(([reason]) => reason);
    expect(by("no permission")).toEqual([
      4, 5, 6, 0x11, 0x13, 0x14, 0x15, 0x16, 0x17, 0x19, 0x1a, 0x1d, 0x1e,
    ]);
    expect(by("abort")).toEqual([3, 7, 8, 9, 0xa, 0xb, 0xc, 0xe, 0x10, 0x12]);
  });
});
