import { describe, expect, test } from "vitest";
import type { GuestMemory } from "./guest-memory.ts";
import { knowMemory } from "./memory-changes.ts";
import { collectTables } from "./table-collector.ts";

/** Memory of one MiB that a test writes words into. */
function memory(): GuestMemory & { readonly put: (gpa: number, word: bigint) => void } {
  const bytes = Buffer.alloc(1 << 20);
  const read = (gpa: number, length: number): Buffer => {
    const part = Buffer.alloc(length);
    bytes.copy(part, 0, Math.min(gpa, bytes.length), Math.min(gpa + length, bytes.length));
    return part;
  };
  return { read, put: (gpa, word) => void bytes.writeBigUInt64LE(word, gpa) };
}

const nothing = { root: undefined, interrupts: undefined, queue: 0n, tail: 0 };

/** A collector over memory, whose changes are told as addresses and hexadecimal bytes. */
function collector() {
  const guest = memory();
  const tables = collectTables(knowMemory(guest));
  const look = (pointers: Partial<typeof nothing> | { root: bigint } | { interrupts: bigint }) =>
    tables
      .tables({ ...nothing, ...pointers })
      .map(({ gpa, bytes }) => `${gpa.toString(16)} ${bytes.toString("hex")}`);
  const addresses = (pointers: { root: bigint }) =>
    look(pointers).map((line) => line.split(" ", 1)[0]);
  return { ...guest, tables, look, addresses };
}

/** Legacy tables: bus 0 at 2000, 00:01.0 with three levels from 3000 on, one leaf. */
function legacy(guest: { readonly put: (gpa: number, word: bigint) => void }): void {
  guest.put(0x1000, 0x2001n);
  guest.put(0x2080, 0x3001n);
  guest.put(0x2088, 0x0101n);
  guest.put(0x3000, 0x4003n);
  guest.put(0x4008, 0x5003n);
  guest.put(0x5010, 0x6003n);
}

describe("collector", () => {
  test("[RC7] tables of legacy mode are followed from the root, the lowest first", () => {
    const guest = collector();
    legacy(guest);
    const found = guest.addresses({ root: 0x1000n });
    expect(found).toEqual(["5010", "4008", "3000", "2080", "1000"]);
    expect(guest.look({ root: 0x1000n })).toEqual([]);
  });

  test("[RC7] what changed is told once, and neighbouring words as one", () => {
    const guest = collector();
    legacy(guest);
    guest.look({ root: 0x1000n });
    guest.put(0x5010, 0n);
    guest.put(0x5018, 1n);
    guest.put(0x5030, 2n);
    const [first, second] = ["01".padEnd(16, "0"), "02".padEnd(16, "0")];
    expect(guest.look({ root: 0x1000n })).toEqual([
      `5010 ${"0".repeat(16)}${first}`,
      `5030 ${second}`,
    ]);
  });

  test("[RC7] superpages, pass-through and entries that are not present lead nowhere", () => {
    const guest = collector();
    legacy(guest);
    guest.put(0x4008, 0x5083n);
    expect(guest.addresses({ root: 0x1000n })).toEqual(["4008", "3000", "2080", "1000"]);
    guest.put(0x2080, 0x3009n);
    guest.put(0x4010, 3n);
    expect(guest.addresses({ root: 0x1000n })).toEqual(["2080"]);
    guest.put(0x1000, 0x2000n);
    guest.put(0x2080, 0x3001n);
    expect(guest.addresses({ root: 0x1000n })).toEqual(["1000"]);
  });

  test("[RC7] an entry that allows reads or writes alone leads on", () => {
    const guest = collector();
    legacy(guest);
    guest.put(0x3000, 0x4002n);
    guest.put(0x4008, 0x5001n);
    expect(guest.addresses({ root: 0x1000n })).toEqual(["5010", "4008", "3000", "2080", "1000"]);
  });

  test("[RC7] a page that leaves the tables and comes back is compared with what was told", () => {
    const guest = collector();
    legacy(guest);
    guest.look({ root: 0x1000n });
    guest.put(0x4008, 0n);
    expect(guest.addresses({ root: 0x1000n })).toEqual(["4008"]);
    guest.put(0x5010, 0x7003n);
    guest.put(0x5ff8, 0x8003n);
    expect(guest.addresses({ root: 0x1000n })).toEqual([]);
    guest.put(0x4008, 0x5003n);
    expect(guest.addresses({ root: 0x1000n })).toEqual(["5010", "5ff8", "4008"]);
  });

  test("[RC8] scalable mode: directory, PASID table, first and second stage", () => {
    const guest = collector();
    // Bus 0, devices 16 and up; 00:10.0; directory at 3000 of 1024 entries, two pages.
    guest.put(0x1008, 0x2001n);
    guest.put(0x2000, 0x3601n);
    guest.put(0x3000, 0x5001n);
    guest.put(0x4008, 0x6001n);
    // PASID 0: first stage, four levels. PASID 0x8040: second stage, three levels.
    guest.put(0x5000, 0x41n);
    guest.put(0x5010, 0x7000n);
    guest.put(0x6000, 0x8085n);
    guest.put(0x7000, 0x9001n);
    guest.put(0x8000, 0xa003n);
    const found = guest.addresses({ root: 0x1400n });
    const expected = ["7000", "5000", "5010", "3000", "8000", "6000", "4008", "2000", "1008"];
    expect(found).toEqual(expected);
    guest.put(0x9000, 0xb001n);
    guest.put(0xa000, 0xc001n);
    expect(guest.addresses({ root: 0x1400n })).toEqual(["9000", "a000"]);
  });

  test("[RC9] tables that lead to themselves, or out of memory, come to an end", () => {
    const guest = collector();
    legacy(guest);
    for (let at = 0; at < 4096; at += 8) guest.put(0x3000 + at, 0x3003n);
    guest.put(0x1010, 0xffff_ffff_f001n);
    expect(guest.look({ root: 0x1000n })).not.toEqual([]);
  });

  test("[RC10] the interrupt table is told as far as its size says", () => {
    const guest = collector();
    guest.put(0x1_0010, 0xdn);
    guest.put(0x1_0040, 0xdn);
    expect(guest.look({ interrupts: 0x1_0001n })).toEqual(["10010 0d00000000000000"]);
  });

  test("[RC10] the queue is told from one tail to the next, also round its end", () => {
    const guest = collector();
    guest.put(0x1_0ff0, 0x1n);
    guest.put(0x1_0000, 0x2n);
    guest.put(0x1_0010, 0x3n);
    const changed = (from: number, to: number) =>
      guest.tables
        .queue({ ...nothing, queue: 0x1_0000n }, from, to)
        .map(({ gpa, bytes }) => [gpa, bytes.readUInt8(0)]);
    expect(changed(0xff0, 0x10)).toEqual([
      [0x1_0ff0, 1],
      [0x1_0000, 2],
    ]);
    expect(changed(0x10, 0x20)).toEqual([[0x1_0010, 3]]);
    expect(changed(0x10, 0x20)).toEqual([]);
  });
});
