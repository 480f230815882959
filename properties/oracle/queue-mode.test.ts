import { describe, expect, test } from "vitest";
import { cap, ecap } from "./example-world.ts";
import { expectedQueue } from "./queue.ts";

const [scalable, abort] = [1n << 43n, 1n << 52n];
const modes = { legacy: 0n, scalable: 0x400n, reserved: 0x800n, abort: 0xc00n } as const;
const wide = 0x800n;

/** A wait at the head of a queue at 0x8000, or another descriptor. */
function first(mode: keyof typeof modes | undefined, width: bigint, has: bigint, word = 5n) {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setBigUint64(0, word, true);
  return expectedQueue({
    ...{ iqa: 0x8000n | width, iqh: 0n, iqt: width === 0n ? 0x10n : 0x20n },
    ...{
      cap,
      ecap: ecap | has,
      read: (_: bigint, count: number) => bytes.slice(0, count),
    },
    ...(mode === undefined ? {} : { root: 0x1000n | modes[mode] }),
  });
}

const iqei = (...given: Parameters<typeof first>): number => {
  const { iqei = 0, head, work } = first(...given);
  if (iqei !== 0) expect([head, work]).toEqual([0n, []]);
  return iqei;
};

describe("invalidation queue and table mode", () => {
  test("[OR44] descriptors of 128 bits are none in scalable mode (IQEI 5)", () => {
    const all = scalable | abort;
    expect(iqei("legacy", 0n, 0n)).toBe(0);
    expect(iqei("legacy", 0n, all)).toBe(0);
    expect(iqei("scalable", 0n, all)).toBe(5);
    expect(iqei("abort", 0n, all)).toBe(0);
    expect(iqei(undefined, 0n, all)).toBe(0);
  });

  test("[OR44] those of 256 bits want scalable mode or aborted DMA, in any mode (IQEI 5)", () => {
    expect(iqei("legacy", wide, 0n)).toBe(5);
    expect(iqei("legacy", wide, scalable)).toBe(0);
    expect(iqei("legacy", wide, abort)).toBe(0);
    expect(iqei("scalable", wide, scalable)).toBe(0);
    expect(iqei("abort", wide, abort)).toBe(0);
  });

  test("[OR44] a table mode that the unit has not halts the queue (IQEI 7)", () => {
    expect(iqei("reserved", wide, scalable | abort)).toBe(7);
    expect(iqei("scalable", wide, abort)).toBe(7);
    expect(iqei("abort", wide, scalable)).toBe(7);
    expect(iqei("scalable", 0n, 0n)).toBe(7);
  });

  test("[OR45] in legacy mode there are types 1 to 5 alone (IQEI 3)", () => {
    const all = scalable | abort | (1n << 29n);
    const words = [0x11n, 0x12n, 3n, 4n, 5n, 0x26n, 0x37n, 8n, 9n];
    const said = (mode: "legacy" | "scalable" | "abort" | undefined) =>
      words.map((word) => iqei(mode, wide, all, word));
    expect(said("legacy")).toEqual([0, 0, 0, 0, 0, 3, 3, 3, 3]);
    for (const mode of ["scalable", "abort", undefined] as const) {
      expect(said(mode)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0]);
    }
  });

  test("[OR44] an empty queue is not looked at", () => {
    const empty = { cap, ecap, read: () => undefined };
    const at = { iqa: 0x8000n, iqh: 0n, iqt: 0n, root: modes.reserved };
    expect(expectedQueue({ ...empty, ...at })).toEqual({ work: [], head: 0n, end: "empty" });
  });
});
