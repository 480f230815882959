import { describe, expect, test } from "vitest";
import { cap, ecap } from "./example-world.ts";
import type { QueueState } from "./queue.ts";
import { expectedQueue } from "./queue.ts";

/** A queue of 4 KiB at 0x8000 whose first words are these. */
function queue(words: readonly bigint[], changes: Partial<QueueState> = {}): QueueState {
  const bytes = new Uint8Array(4096);
  const view = new DataView(bytes.buffer);
  for (const [index, word] of words.entries()) view.setBigUint64(8 * index, word, true);
  const read = (gpa: bigint, count: number) =>
    bytes.slice(Number(gpa - 0x8000n), Number(gpa - 0x8000n) + count);
  const iqt = BigInt(words.length * 8);
  return { iqa: 0x8000n, iqh: 0n, iqt, cap, ecap, read, ...changes };
}

const domain5 = { kind: "iotlb", scope: "domain", did: 5, iova: 0n, length: 4096n } as const;

describe("invalidation queue", () => {
  test("[OR15] descriptors in order, up to the wait", () => {
    const words = [
      0x0002_0020_0005_0031n,
      0n,
      0x0005_00b2n | (5n << 16n),
      0x1806043n,
      0x1234_0000_0035n,
      0x9004n,
      0x22n | (5n << 16n),
      0n,
    ];
    const first = expectedQueue(queue(words));
    expect(first).toEqual({
      work: [
        { kind: "context", scope: "device", did: 5, sid: 0x20, fm: 2 },
        { kind: "iotlb", scope: "page", did: 5, iova: 0x1800000n, length: 0x8000n, leafOnly: true },
        {
          kind: "wait",
          interrupt: true,
          status: 0x9004n,
          data: 0x1234,
          fence: false,
          drain: false,
        },
      ],
      head: 0x30n,
      end: "wait",
    });
    const rest = expectedQueue(queue(words, { iqh: 0x30n }));
    expect(rest).toEqual({ work: [{ ...domain5, leafOnly: false }], head: 0x40n, end: "empty" });
  });

  test("[OR15] the ring wraps", () => {
    const words = new Array<bigint>(512).fill(0n);
    words[0] = 0x12n;
    words[510] = 0x11n;
    const { work, head, end } = expectedQueue(queue(words, { iqh: 0xff0n, iqt: 0x10n }));
    expect(work.map((each) => each.kind)).toEqual(["context", "iotlb"]);
    expect([head, end]).toEqual([0x10n, "empty"]);
  });

  test("[OR15] interrupt entries and device TLBs have ranges", () => {
    const words = [0x14n | (3n << 27n) | (21n << 32n), 0n, 0x20_0000_0003n, 0x0000_7001n, 0x4n, 0n];
    expect(expectedQueue(queue(words)).work).toEqual([
      { kind: "interruptEntries", first: 16, count: 8 },
      { kind: "deviceTlb", sid: 0x20, iova: 0n, length: 0x10000n },
      { kind: "allInterruptEntries" },
    ]);
  });

  const errors: readonly (readonly [string, QueueState, number])[] = [
    ["1: a tail beyond the queue", queue([], { iqt: 0x1000n }), 1],
    ["2: a descriptor that cannot be read", queue([1n, 0n], { read: () => undefined }), 2],
    ["3: type 0", queue([0n, 0n]), 3],
    ["3: type 15h, of which 4 bits are a wait", queue([0x205n, 0n]), 3],
    ["3: interrupt entries without IR", queue([4n, 0n], { ecap: ecap & ~8n }), 3],
    ["3: device TLBs without DT", queue([3n, 0n], { ecap: ecap & ~4n }), 3],
    ["3: PASID cache", queue([7n, 0n]), 3],
    ["4: a reserved bit of a context descriptor", queue([0x51n, 0n]), 4],
    ["4: the upper half of a context descriptor", queue([0x11n, 1n]), 4],
    ["4: a reserved bit of an IOTLB descriptor", queue([0x12n, 0x80n]), 4],
    ["4: AM above MAMV", queue([0x32n, 19n]), 4],
    ["4: a reserved granularity", queue([0x1n, 0n]), 4],
    ["4: a misaligned status address", queue([0x25n, 0x9002n]), 4],
    ["5: 256-bit descriptors in legacy mode", queue([0x12n, 0n, 0n, 0n], { iqa: 0x8800n }), 5],
    ["6: half a descriptor", queue([0x12n, 0n], { iqa: 0x8800n, ecap: ecap | (1n << 43n) }), 6],
  ];
  test.each(errors)("[OR16] IQEI %s", (_, state, iqei) => {
    expect(expectedQueue(state)).toMatchObject({ work: [], head: 0n, end: "IQE", iqei });
  });
});
