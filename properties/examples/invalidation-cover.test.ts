import { describe, expect, test } from "vitest";
import type { Invalidation } from "../../calls/invalidation-cover.ts";
import { covers, leftBy } from "../../calls/invalidation-cover.ts";

const ask = (input?: bigint, length?: bigint, leafOnly = false): Invalidation => ({
  ...{ call: "invalidateTable", table: 4, input, length, leafOnly },
});
const some = ask(0x4000n, 0x4000n);

describe("invalidations of one table beside each other", () => {
  test("[HK15] one covers another that lies in it, to the byte", () => {
    expect(covers(some, some)).toBe(true);
    expect(covers(ask(0x4000n, 0x3000n), some)).toBe(false);
    expect(covers(ask(0x5000n, 0x3000n), some)).toBe(false);
    expect([covers(ask(), some), covers(some, ask())]).toEqual([true, false]);
    expect(covers(ask(0n, 0x9000n, true), some)).toBe(false);
    expect(covers(some, ask(0x4000n, 0x1000n, true))).toBe(true);
  });

  test("[HK15] what one leaves of another is what it does not cover", () => {
    expect(leftBy(ask(0x5000n, 0x1000n), some)).toEqual([
      ...[ask(0x4000n, 0x1000n), ask(0x6000n, 0x2000n)],
    ]);
    expect(leftBy(ask(0x4000n, 0x2000n), some)).toEqual([ask(0x6000n, 0x2000n)]);
    expect(leftBy(ask(0x6000n, 0x2000n), some)).toEqual([ask(0x4000n, 0x2000n)]);
    for (const other of [ask(0x3000n, 0x1000n), ask(0x8000n, 0x1000n), ask(0n, 0x6000n, true)]) {
      expect(leftBy(other, some)).toEqual([some]);
    }
    expect([leftBy(ask(), some), leftBy(some, ask())]).toEqual([[], [ask()]]);
  });
});
