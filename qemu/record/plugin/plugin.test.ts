import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { hasCompiler, pretendQemu, word } from "./test/pretend.ts";

const folder = mkdtempSync(join(tmpdir(), "shadowfold-plugin-"));
afterAll(() => rmSync(folder, { recursive: true }));

const why = hasCompiler ? "" : " (skipped: no C compiler)";
const run = hasCompiler ? pretendQemu(folder, 1) : () => [];

/** What was told of memory: `=` before a page's content, `!` before a store. */
const told = (...steps: string[]): string[] =>
  run(...steps)
    .filter((line) => line.startsWith("shadowfold_"))
    .map((line) => line.replace("shadowfold_store ", "!").replace("shadowfold_page ", "="));

const put = (gpa: number, value: bigint): string => `device ${gpa.toString(16)} ${word(value)}`;
const store = (gpa: number, value: bigint): string => `store ${gpa.toString(16)} ${word(value)}`;
const stored = (gpa: number, value: bigint): string => `!0x${gpa.toString(16)} ${word(value)}`;
const page = (gpa: number, value: bigint): string => `=0x${gpa.toString(16)} ${word(value)}`;

/** The addresses of what was told. */
const places = (lines: readonly string[]): string => lines.map((line) => line.split(" ", 1)).join();

/** Legacy tables: bus 0 at 2000, 00:01.0 with three levels from 3000 on, one leaf. */
const legacy = [
  ...[put(0x1000, 0x2001n), put(0x2080, 0x3001n), put(0x2088, 0x0101n)],
  ...[put(0x3000, 0x4003n), put(0x4008, 0x5003n), put(0x5010, 0x6003n)],
];
const setRoot = ["write 20 8 1000", "write 18 4 40000000"];
const queueAt = "write 90 8 8000";

describe.runIf(hasCompiler)(`plugin${why}`, () => {
  test("[RC21] a root pointer has its tables told, the lowest first, before it is latched", () => {
    const lines = run(...legacy, ...setRoot).map((line) => line.split(" ", 3).join(" "));
    const content = ["0x5010", "0x4008", "0x3000", "0x2080", "0x1000"];
    expect(lines.map((line) => line.split(" ")[line.startsWith("vtd") ? 2 : 1])).toEqual([
      ...["0x20", ...content, "0x18"],
    ]);
  });

  test("[RC21] what is linked is told before the link, unless it is known", () => {
    const fill = [put(0x7000, 0x9003n), put(0x7008, 0xa003n)];
    const lines = told(...legacy, ...setRoot, ...fill, store(0x4010, 0x7003n)).slice(5);
    expect(lines).toEqual([`${page(0x7000, 0x9003n)}${word(0xa003n)}`, stored(0x4010, 0x7003n)]);
    const again = [store(0x4018, 0x7003n), store(0x4020, 0x5003n)];
    expect(told(...legacy, ...setRoot, ...fill, store(0x4010, 0x7003n), ...again).slice(7)).toEqual(
      [stored(0x4018, 0x7003n), stored(0x4020, 0x5003n)],
    );
  });

  test("[RC22] each store to a table is told in its size; no load, no device's write is", () => {
    const lines = told(
      ...[...legacy, ...setRoot, "store 2088 01", "store 5ffc 11223344", "store 5010 0000"],
      ...["store 6000 ff", "store 0 ff", "load 5010 8", "device 5020 ff", "elsewhere 20"],
      ...["store 5010 0000", "store 5030 000102030405060708090a0b0c0d0e0f"],
    );
    expect(lines.slice(5)).toEqual([
      ...["!0x2088 01", "!0x5ffc 11223344", "!0x5010 0000", "!0x5010 0000"],
      "!0x5030 000102030405060708090a0b0c0d0e0f",
    ]);
  });

  test("[RC22] a store over the end of a page is told as far as the tables go", () => {
    const steps = [...legacy, ...setRoot, "store 5ffc 0102030405060708"];
    expect(told(...steps).slice(5)).toEqual(["!0x5ffc 01020304"]);
    const into = [...legacy, ...setRoot, "store 2ffc 0102030405060708"];
    expect(told(...into).slice(5)).toEqual(["!0x2ffc 01020304", "!0x3000 05060708"]);
  });

  test("[RC22] a CMPXCHG16B is one store, also where QEMU makes it two", () => {
    const bytes = `${word(0x3001n)}${word(0x0202n)}`;
    const lines = told(...legacy, ...setRoot, `pair 2080 ${bytes}`);
    expect(lines.slice(5)).toEqual([`!0x2080 ${bytes}`]);
  });

  test("[RC22] a store of which QEMU does not say where it went is told as unseen", () => {
    const lines = told(...legacy, "unplaced 20", ...setRoot, "unplaced ffff888000005010");
    expect(lines.slice(5)).toEqual(["shadowfold_unseen address 0xffff888000005010"]);
  });

  test("[RC23] what nothing leads to is followed until translations are forgotten", () => {
    const unlink = [queueAt, ...legacy, ...setRoot, store(0x4008, 0n), store(0x5010, 1n)];
    const context = store(0x8000, 0x11n);
    const kept = told(...unlink, store(0x8000, 5n), "write 88 8 10", store(0x5010, 2n));
    expect(kept.at(-1)).toBe(stored(0x5010, 2n));
    const steps = [...unlink, context, "write 88 8 10", store(0x5010, 2n), store(0x4010, 0x5003n)];
    expect(told(...steps).slice(-3)).toEqual([
      ...[stored(0x8000, 0x11n), page(0x5010, 2n), stored(0x4010, 0x5003n)],
    ]);
  });

  test.each([
    ["a register's context invalidation", "write 28 8 a000000000000000"],
    ["a register's IOTLB invalidation in two halves", "write fc 4 90000000"],
  ])("[RC23] %s has them forgotten too", (_, announce) => {
    const steps = [...legacy, ...setRoot, store(0x4008, 0n), announce, store(0x5010, 2n)];
    expect(told(...steps).at(-1)).toBe(stored(0x4008, 0n));
  });

  test("[RC23] half of a register's command announces nothing, nor does an old one", () => {
    const again = ["write fc 4 90000000", store(0x4008, 0n), "write f8 4 0", store(0x5010, 2n)];
    expect(told(...legacy, ...setRoot, ...again).at(-1)).toBe(stored(0x5010, 2n));
    const latch = [...setRoot, "write 20 8 9000", "write 1c 4 0", "write fc 4 90000000"];
    expect(told(...legacy, ...latch, store(0x5010, 2n)).at(-1)).toBe(stored(0x5010, 2n));
  });

  test("[RC23] with the upper table goes what is below it and nowhere else", () => {
    const other = [put(0x2090, 0x4001n), put(0x2098, 0x0101n)];
    const steps = [...legacy, ...other, ...setRoot, store(0x2080, 0n), "write fc 4 90000000"];
    const after = [store(0x3000, 0n), store(0x4008, 0n), store(0x5010, 0n)];
    expect(places(told(...steps, ...after).slice(5))).toBe("!0x2080,!0x4008,!0x5010");
    const released = [store(0x2090, 0n), "write fc 4 90000000", ...after];
    expect(places(told(...steps, ...released).slice(5))).toBe("!0x2080,!0x2090");
  });

  test("[RC23] the old root is followed until another one is latched", () => {
    const steps = [...legacy, ...setRoot, "write 20 8 9000", "write fc 4 90000000"];
    const forgotten = ["write 18 4 40000000", "write fc 4 90000000"];
    const change = store(0x1010, 1n);
    expect(places(told(...steps, change).slice(5))).toBe("!0x1010");
    expect(told(...steps, ...forgotten, change).slice(5)).toEqual([]);
  });

  test("[RC27] the seventh interface gives what the first one gives", () => {
    const seventh = pretendQemu(folder, 7);
    const bytes = `${word(0x3001n)}${word(0x0202n)}`;
    const steps = [...legacy, ...setRoot, `pair 2080 ${bytes}`, "load 5010 8", store(0x5010, 1n)];
    expect(seventh(...steps)).toEqual(run(...steps));
    expect(run(...steps).at(-1)).toBe("shadowfold_store 0x5010 0100000000000000");
  });

  test("[RC26] tables that lead to themselves, or out of memory, come to an end", () => {
    const own = [put(0x1000, 0x1001n), put(0x1010, 0x7fff_f001n), put(0x1080, 0x1007n)];
    const steps = [...own, put(0x1088, 2n), ...setRoot, store(0x1000, 0n), "write fc 4 90000000"];
    expect(told(...steps)[0]).toContain("=0x1000");
    expect(told(...steps, store(0x1018, 1n)).at(-1)).toBe(stored(0x1018, 1n));
  });
});
