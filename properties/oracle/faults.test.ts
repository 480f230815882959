import { describe, expect, test } from "vitest";
import { afterClear, expectedFault } from "./faults.ts";

const free = { pending: false, sid: 0 };
const empty = { slots: [free, free], fsts: 0, next: 0 };
const fault = { sid: 0x20, reason: 6, fpd: false };

describe("fault records", () => {
  test("[OR18] the first fault is recorded and announced, the next silently", () => {
    const first = expectedFault(empty, fault);
    expect(first).toMatchObject({ kind: "recorded", event: true, state: { fsts: 2, next: 1 } });
    const second = expectedFault(first.state, { ...fault, sid: 0x28 });
    expect(second).toMatchObject({ kind: "recorded", event: false, state: { fsts: 2, next: 0 } });
    const third = expectedFault(second.state, { ...fault, sid: 0x30 });
    expect(third).toMatchObject({ kind: "overflowed", event: false, state: { fsts: 3, next: 0 } });
    const fourth = expectedFault(third.state, { ...fault, sid: 0x30 });
    expect(fourth).toEqual({ kind: "dropped", state: third.state, event: false });
  });

  test("[OR18] a fault of a source-id with a record collapses into it", () => {
    const { state } = expectedFault(empty, fault);
    const again = expectedFault(state, { ...fault, reason: 5 });
    expect(again).toEqual({ kind: "collapsed", state, event: false });
  });

  test("[OR18] FPD suppresses qualified faults alone", () => {
    const kinds = [1, 2, 3, 8, 9, 0xa, 0xb, 0xc].map(
      (reason) => expectedFault(empty, { ...fault, reason, fpd: true }).kind,
    );
    const [no, yes] = ["recorded", "suppressed"];
    expect(kinds).toEqual([no, yes, yes, no, no, no, yes, yes]);
  });

  test("[OR18] FRI is the record that set PPF", () => {
    const one = expectedFault({ ...empty, next: 1 }, fault).state;
    expect(one.fsts).toBe(0x102);
    const two = expectedFault(one, { ...fault, sid: 0x28 }).state;
    expect(two.fsts).toBe(0x102);
    expect(afterClear(two, 1).fsts).toBe(0x102);
    expect(afterClear(afterClear(two, 1), 0).fsts & 0xff).toBe(0);
  });

  test("[OR18] no event while another condition stands", () => {
    expect(expectedFault({ ...empty, fsts: 0x10 }, fault).event).toBe(false);
  });
});
