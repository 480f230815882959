import { describe, expect, test } from "vitest";
import { cap, ecap } from "./example-world.ts";
import { afterWrite, comparable, registerRules } from "./registers.ts";

const rules = registerRules(cap, ecap, 40);
const blank = new Uint8Array(4096);

/** Bytes of a page from an offset on. */
const bytes = (page: Uint8Array, at: number, count: number) => [...page.slice(at, at + count)];

describe("registers", () => {
  test("[OR17] writable bits alone are taken, byte by byte", () => {
    const ones = afterWrite(blank, rules, 0x38, 8, 0xffff_ffff_ffff_ffffn);
    expect(bytes(ones, 0x38, 8)).toEqual([0, 0, 0, 0x80, 0xff, 0xff, 0, 0]);
    const odd = afterWrite(blank, rules, 0x3f, 3, 0x55_66_77n);
    expect(bytes(odd, 0x3c, 8)).toEqual([0, 0, 0, 0, 0x64, 0x55, 0, 0]);
    expect(bytes(afterWrite(blank, rules, 0x44, 4, 0xffn), 0x44, 1)).toEqual([0]);
    expect(bytes(afterWrite(blank, rules, 0x20, 8, 0xffffn), 0x20, 3)).toEqual([0, 0xfc, 0]);
  });

  test("[OR17] write-1-to-clear", () => {
    const set = blank.slice();
    set[0x34] = 0x73;
    expect(afterWrite(set, rules, 0x34, 4, 0x10n)[0x34]).toBe(0x63);
    expect(afterWrite(set, rules, 0x34, 4, 0xffn)[0x34]).toBe(0x02);
    set[0x22f] = 0x80;
    expect(afterWrite(set, rules, 0x22f, 1, 0x7fn)[0x22f]).toBe(0x80);
    expect(afterWrite(set, rules, 0x228, 8, 1n << 63n)[0x22f]).toBe(0);
    set[0x9c] = 1;
    expect(afterWrite(set, rules, 0x9c, 1, 1n)[0x9c]).toBe(0);
  });

  test("[OR17] what a missing capability would use is read-only, and the page ends at 4096", () => {
    const none = registerRules(cap, 0n, 40);
    for (const offset of [0x64, 0x68, 0x78, 0x88, 0x90, 0xa0, 0xb8]) {
      const after = afterWrite(blank, none, offset, 8, 0xffff_ffff_ffff_ffffn);
      expect(after).toEqual(blank);
    }
    expect(afterWrite(blank, rules, 4095, 8, 0xffn)).toEqual(blank);
  });

  test("[OR17] no two registers overlap, and no bit is both writable and cleared", () => {
    const rights = registerRules(cap | 0x60n, ecap | 0x10n, 40);
    for (const each of rights) expect(each.writable & each.w1c).toBe(0n);
    const sorted = rights.toSorted((a, b) => a.offset - b.offset);
    for (const [index, each] of sorted.entries()) {
      expect(each.offset + each.bytes).toBeLessThanOrEqual(sorted[index + 1]?.offset ?? 4096);
    }
    expect(comparable(rights)[0x3b]).toBe(0xbf);
  });
});
