import { describe, expect, it } from "vitest";
import { gpa, iova, sourceId } from "../../events/address.ts";
import type { Input } from "../../events/input.ts";
import { addressIn, chunkEvents } from "../../history/columns/chunk.ts";
import { addToColumns, forkColumns, newColumns, rowOf } from "../../history/columns/columns.ts";
import type { Span } from "../../history/columns/scan.ts";
import { scan, scanAll } from "../../history/columns/scan.ts";
import { touching } from "../../history/memory-use/last-writer.ts";

const note: Input = { type: "Note", text: "" };
const write = (guest: number, address: bigint, length: number): Input => ({
  type: "MemoryWrite",
  guest,
  gpa: gpa(address),
  bytes: new Uint8Array(length).fill(1),
});
const dma = (guest: number): Input => ({
  type: "Dma",
  guest,
  device: sourceId(9),
  iova: iova(0x7fff_ffff_f000n),
});

const columnsOf = (inputs: readonly Input[]) => {
  const columns = newColumns();
  for (const input of inputs) addToColumns(columns, input);
  return columns;
};

describe("columns", () => {
  it("[TT6] a write to more pages than are marked is found in each of them", () => {
    const columns = columnsOf([note, write(0, 0x10_0000n, 2 ** 19), note]);
    const foundAt = (address: bigint): number | undefined => {
      const place = { guest: 0, gpa: address, length: 1 };
      return scan(
        columns,
        { from: 3, to: 1 },
        touching(place, ({ written }) => written),
      );
    };
    expect(foundAt(0x10_0000n + 100n * 4096n)).toBe(2);
    expect(foundAt(0x10_0000n + 2n ** 19n - 1n)).toBe(2);
    expect(foundAt(0x10_0000n + 2n ** 19n)).toBeUndefined();
    expect(foundAt(0xf_ffffn)).toBeUndefined();
  });

  it("[TT15] what a fork adds has nothing of what it left behind", () => {
    const columns = columnsOf([note, write(1, 0x5000n, 8), dma(1), dma(1), note]);
    for (const count of [1, 2, 3]) {
      const fork = forkColumns(columns, count);
      addToColumns(fork, note);
      const { chunk, at } = rowOf(fork, count + 1) ?? {};
      expect([chunk?.plain.guest?.[at ?? 0] ?? 0, chunk?.written?.[at ?? 0] ?? 0]).toEqual([0, 0]);
      addToColumns(fork, { ...dma(0), iova: iova(0x1000n) } as Input);
      const next = rowOf(fork, count + 2);
      expect(next && addressIn(next.chunk, "iova", next.at)).toBe(0x1000n);
      expect(fork.count).toBe(count + 2);
    }
    expect(columns.count).toBe(5);
    const kept = rowOf(columns, 4);
    expect(kept && addressIn(kept.chunk, "iova", kept.at)).toBe(0x7fff_ffff_f000n);
  });

  it("[TT7] a scan looks at each row of its span once, over the borders of chunks", () => {
    const columns = columnsOf(Array.from({ length: chunkEvents * 2 + 5 }, () => note));
    const all = { mayBeIn: () => true, isAt: () => true };
    const last = chunkEvents * 2 + 5;
    const rows = (span: Span): readonly number[] => [...scanAll(columns, span, all)];
    const wanted = Array.from({ length: last }, (_, index) => index + 1);
    expect(rows({ from: 1, to: last })).toEqual(wanted);
    expect(rows({ from: last, to: 1 })).toEqual([...wanted].reverse());
    const middle = chunkEvents;
    expect(rows({ from: middle - 1, to: middle + 2 })).toEqual(
      wanted.slice(middle - 2, middle + 2),
    );
    expect(rows({ from: middle + 1, to: middle })).toEqual([middle + 1, middle]);
    expect(rows({ from: last + 1, to: last + 9 })).toEqual([]);
    expect(rows({ from: 7, to: 7 })).toEqual([7]);
  });
});
