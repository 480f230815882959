import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { hasCompiler, pretendQemu, word } from "./test/pretend.ts";

const folder = mkdtempSync(join(tmpdir(), "shadowfold-links-"));
afterAll(() => rmSync(folder, { recursive: true }));

const why = hasCompiler ? "" : " (skipped: no C compiler)";
const run = hasCompiler ? pretendQemu(folder, 7) : () => [];

const put = (gpa: number, value: bigint): string => `device ${gpa.toString(16)} ${word(value)}`;
const store = (gpa: number, value: bigint): string => `store ${gpa.toString(16)} ${word(value)}`;

/** The pages of which something was told. */
const pages = (...steps: string[]): string =>
  run(...steps)
    .flatMap((line) => /^shadowfold_page 0x([0-9a-f]+)/.exec(line)?.slice(1) ?? [])
    .join();

/** A mark in a page: it is told of if the page is followed. */
const mark = (gpa: number): string => put(gpa + 0xff8, 1n << 56n);
const setRoot = "write 20 8 1000";
const setScalable = "write 20 8 1400";

describe.runIf(hasCompiler)(`links${why}`, () => {
  test("[RC24] legacy entries lead on where they are present and translated", () => {
    const context = (low: bigint, high: bigint): string =>
      pages(put(0x1000, 0x2001n), put(0x2080, low), put(0x2088, high), mark(0x3000), setRoot);
    const followed = "3ff8,2080,1000";
    for (const low of [0x3001n, 0x3005n]) expect(context(low, 1n)).toBe(followed);
    for (const low of [0x3000n, 0x3009n, 0x300dn]) expect(context(low, 1n)).toBe("2080,1000");
    for (const width of [2n, 3n]) expect(context(0x3001n, width)).toBe(followed);
    for (const width of [0n, 4n]) expect(context(0x3001n, width)).toBe("2080,1000");
  });

  test.each([
    ["readable", 0x4001n, "4ff8,3008"],
    ["writable", 0x4002n, "4ff8,3008"],
    ["a superpage", 0x4083n, "3008"],
    ["not present", 0x4004n, "3008"],
  ])("[RC24] a second-stage entry that is %s", (_, entry, expected) => {
    const context = [put(0x1000, 0x2001n), put(0x2080, 0x3001n), put(0x2088, 1n)];
    const steps = [...context, put(0x3008, entry), mark(0x4000), setRoot];
    expect(pages(...steps)).toBe(`${expected},2080,1000`);
  });

  test("[RC24] what the second half of an entry leads to is followed once that is stored", () => {
    const half = (gpa: number) => pages(mark(0x3000), setScalable, store(gpa, 0x3001n));
    expect([half(0x1000), half(0x1008)]).toEqual(["3ff8", "3ff8"]);
  });

  test("[RC24] a second stage has the levels of its width, and a leaf leads nowhere", () => {
    const levels = (width: bigint): string => {
      const chain = [3, 4, 5, 6, 7, 8].map((at) => put(at << 12, BigInt((at + 1) << 12) | 3n));
      return pages(
        put(0x1000, 0x2001n),
        put(0x2080, 0x3001n),
        put(0x2088, width),
        ...chain,
        setRoot,
      );
    };
    expect(levels(1n)).toBe("5000,4000,3000,2080,1000");
    expect(levels(2n)).toBe("6000,5000,4000,3000,2080,1000");
    expect(levels(3n)).toBe("7000,6000,5000,4000,3000,2080,1000");
  });

  /** Scalable tables: devices from 128 on at 2000, a directory at 3000, a PASID table at 7000. */
  const scalable = (entry: readonly bigint[], directory = 0x3001n, at = 0x3000): string => {
    const tables = [put(0x1008, 0x2001n), put(0x2020, directory), put(at, 0x7001n)];
    const pasid = entry.map((part, index) => put(0x7040 + 8 * index, part));
    return pages(...tables, ...pasid, mark(0x8000), mark(0x9000), setScalable);
  };

  test.each([
    ["a second stage", [0x8085n, 0n, 0x9000n], "8ff8,"],
    ["a first stage", [0x8041n, 0n, 0x9000n], "9ff8,"],
    ["nested stages", [0x80c5n, 0n, 0x9000n], "8ff8,"],
    ["pass-through", [0x8105n, 0n, 0x9000n], ""],
    ["nothing, as it is not present", [0x8084n, 0n, 0x9000n], ""],
    ["a first stage of levels that do not exist", [0x41n, 0n, 0x9008n], ""],
  ])("[RC24] a PASID entry leads to %s", (_, entry, expected) => {
    expect(scalable(entry)).toMatch(new RegExp(`^${expected}7040.*,3000,2020,1008$`));
  });

  test("[RC24] a first stage's entry leads on where it is present", () => {
    const first = (entry: bigint): string => {
      const tables = [put(0x1008, 0x2001n), put(0x2020, 0x3001n), put(0x3000, 0x7001n)];
      const stage = [put(0x7040, 0x41n), put(0x7050, 0x9000n), put(0x9000, entry), mark(0xa000)];
      return pages(...tables, ...stage, setScalable).split(",7040")[0] ?? "";
    };
    expect([first(0xa001n), first(0xa002n), first(0xa081n)]).toEqual(["aff8,9000", "9000", "9000"]);
  });

  test("[RC24] a directory has as many pages as PDTS says", () => {
    const second = [0x8085n, 0n, 0x9000n];
    expect(scalable(second, 0x3001n | (3n << 9n), 0x4000)).toContain("4000");
    expect(scalable(second, 0x3001n | (4n << 9n), 0x6000)).toContain("6000");
    expect(scalable(second, 0x3001n | (2n << 9n), 0x4000)).not.toContain("4000");
    expect(scalable(second, 0x3000n)).toBe("2020,1008");
  });

  test("[RC25] the interrupt table is followed as far as its size says", () => {
    const marks = [put(0x0, 1n), put(0xff8, 2n), put(0x1ff8, 3n), put(0x2000, 4n)];
    expect(pages(...marks, "write b8 8 7")).toBe("0,ff8");
    expect(pages(...marks, "write b8 8 8")).toBe("0,ff8,1ff8");
    expect(pages(...marks, "write b8 8 9")).toBe("0,ff8,1ff8,2000");
  });

  test("[RC25] the queues are followed as far as their size says", () => {
    const marks = [put(0x8ff8, 3n), put(0x9000, 4n), put(0xa000, 4n)];
    expect(pages(...marks, "write 90 8 8000")).toBe("8ff8");
    expect(pages(...marks, "write 90 4 8001", "write 94 4 0")).toBe("8ff8,9000");
    expect(pages(...marks, "write d0 8 8001")).toBe("8ff8,9000");
  });

  test.each([
    ["16", 0n, 0x8010],
    ["32", 0x800n, 0x8020],
  ])("[RC25] the status word of a wait descriptor of %s bytes is followed", (_, wide, slot) => {
    const queue = `write 90 8 ${(0x8000n | wide).toString(16)}`;
    const wait = [store(slot + 8, 0xc004n), store(slot, 0x200000025n)];
    const steps = [queue, "device c000 1122334455667788", ...wait];
    const of = (...more: string[]): string[] =>
      run(...steps, ...more).filter((line) => line.includes(" 0xc0"));
    const status = "shadowfold_page 0xc004 55667788";
    const stores = ["store c000 00000000", "store c004 01000000", "store c008 00000000"];
    expect(of(...stores)).toEqual([status, "shadowfold_store 0xc004 01000000"]);
    const without = of(store(slot, 0n), "write fc 4 90000000", ...stores);
    expect(without).toEqual([status]);
    const silent = run(queue, store(slot + 8, 0xc004n), store(slot, 0x5n), "store c004 01000000");
    expect(silent.filter((line) => line.includes("0xc004"))).toEqual([]);
  });

  test("[RC26] a tail between two wide descriptors is no end of them", () => {
    const tables = [put(0x1000, 0x2001n), mark(0x2000), setRoot, "write 90 8 8800"];
    const steps = [...tables, store(0x1000, 0n), store(0x8020, 2n)];
    const last = (tail: string): string => run(...steps, tail, "store 2000 ff").at(-1) ?? "";
    expect(last("write 88 8 30")).toBe("shadowfold_store 0x2000 ff");
    expect(last("write 88 8 40")).toContain("vtd_reg_write");
  });

  test("[RC25] the tail goes round the queue's end", () => {
    const tables = [put(0x1000, 0x2001n), mark(0x2000), setRoot, "write 90 8 8000"];
    const near = [store(0x8000, 0x2n), "write 88 8 10", "write 88 8 ff0"];
    const round = [store(0x1000, 0n), store(0x8ff0, 0x5n), store(0x8000, 0x5n)];
    const after = (...more: string[]): string =>
      run(...tables, ...near, ...round, ...more, "write 88 8 10", "store 2000 ff").at(-1) ?? "";
    expect(after()).toBe("shadowfold_store 0x2000 ff");
    expect(after(store(0x8ff0, 0x2n))).not.toContain("0x2000");
    expect(after(store(0x8000, 0x2n))).not.toContain("0x2000");
    expect(after(store(0x8000, 0x6n))).not.toContain("0x2000");
    expect(after(store(0x8000, 0x7n))).not.toContain("0x2000");
    expect(after(store(0x8000, 0x3n))).toContain("0x2000");
  });
});
