import { describe, expect, test } from "vitest";
import type { Gpa } from "../../events/address.ts";
import type { Input } from "../../events/input.ts";
import { at } from "../../events/registers/offset.ts";
import {
  booted,
  command,
  contextEntry,
  dma,
  iotlbOfAll,
  leafEntry,
  memory,
  page,
  queueOn,
  reads,
  rootTable,
  srtp,
  submit,
  tables,
  te,
  topTable,
  turnOn,
  unmap,
  width4,
  write8,
  writes,
} from "./driver.ts";
import type { Scene } from "./given.ts";
import { given } from "./given.ts";
import { hostBase, unit } from "./unit.ts";

/** The host address that a single DMA reached, the reason of its fault, or what the host said. */
function outcome(scene: Scene): bigint | number | string | undefined {
  const [landed] = scene.of("DmaLanded");
  const [blocked] = scene.of("DmaBlocked");
  return landed?.hpa ?? blocked?.reason ?? blocked?.host;
}

/** Outcomes of a read and of a write of one page in the same world. */
const bothWays = (scene: Scene, iova = page) => [
  outcome(scene.when(reads(iova))),
  outcome(scene.when(writes(iova))),
];

describe("a request without faults", () => {
  test("[TR1] before TE a device reaches guest memory by the P2M alone", () => {
    const scene = given(unit(), tables);
    expect(outcome(scene.when(reads(0x7008n)))).toBe(hostBase + 0x7008n);
  });

  test("[TR2] with TE the guest's tables give the GPA and the P2M the HPA", () => {
    const scene = given(unit(), booted).when(writes(page + 8n));
    expect(scene.of("DmaTranslated")).toMatchObject([
      { gpa: 0x7008n, hpa: hostBase + 0x7008n, size: "4K", read: true, write: true },
    ]);
  });

  test("[TR3] three levels start one table lower", () => {
    const short = memory(contextEntry, 0x4001n, (5n << 8n) | 1n);
    const scene = given(unit(), tables, short, turnOn);
    expect(bothWays(scene)).toEqual([hostBase + 0x7000n, hostBase + 0x7000n]);
  });

  test("[TR4] pass-through is the P2M alone, up to the width of the host's addresses", () => {
    const scene = given(unit(), tables, memory(contextEntry, 9n, width4(5)), turnOn);
    expect(outcome(scene.when(reads(0x7000n)))).toBe(hostBase + 0x7000n);
    expect(outcome(scene.when(reads(1n << 40n)))).toBe(4);
  });

  test("[TR5] permissions of all levels are combined", () => {
    const readOnlyTop = given(unit(), tables, memory(topTable, 0x4001n), turnOn);
    expect(bothWays(readOnlyTop)).toEqual([hostBase + 0x7000n, 5]);
    const writeOnlyLeaf = given(unit(), tables, memory(leafEntry, 0x7002n), turnOn);
    expect(bothWays(writeOnlyLeaf)).toEqual([6, hostBase + 0x7000n]);
  });
});

describe("superpages", () => {
  const large = (size: "2M" | "1G") =>
    size === "2M" ? memory(0x5060n, 0x40_0083n) : memory(0x4000n, 0x4000_0083n);

  test("[TR6] a 2 MiB leaf over a 2 MiB mapping translates as one", () => {
    const scene = given(unit(), tables, large("2M"), turnOn).when(reads(page));
    expect(scene.of("DmaTranslated")).toMatchObject([{ hpa: hostBase + 0x40_6000n, size: "2M" }]);
  });

  test("[TR7] a 1 GiB leaf over a 1 GiB mapping translates as one", () => {
    const scene = given(unit(), tables, large("1G"), turnOn).when(reads(page));
    expect(scene.of("DmaTranslated")).toMatchObject([{ hpa: 0x2_4180_6000n, size: "1G" }]);
  });

  test("[TR8] a P2M of smaller pages splits a superpage, a hole blocks its page alone", () => {
    const scene = given(unit(), tables, large("2M"), unmap(0x40_7000n, 0x1000n), turnOn);
    expect(scene.when(reads(page)).of("DmaTranslated")).toMatchObject([{ size: "4K" }]);
    expect(outcome(scene.when(reads(page + 0x1000n)))).toBe("hole");
    expect(scene.when(reads(page + 0x1000n)).of("FaultRecorded")).toEqual([]);
  });
});

describe("faults", () => {
  const cases: readonly (readonly [string, readonly Input[], number])[] = [
    ["1h: a root entry that is not present", [memory(rootTable, 0x2000n)], 1],
    ["Ah: a reserved bit of a root entry", [memory(rootTable, 0x2003n)], 0xa],
    ["2h: a context entry that is not present", [memory(contextEntry, topTable)], 2],
    ["Bh: a reserved bit of a context entry", [memory(contextEntry, topTable | 0x11n)], 0xb],
    ["3h: a reserved translation type", [memory(contextEntry, topTable | 0xdn)], 3],
    ["3h: a width that SAGAW lacks", [memory(contextEntry + 8n, (5n << 8n) | 3n)], 3],
    ["3h: a top table that cannot be read", [unmap(topTable, 0x1000n)], 3],
    ["7h: a lower table that cannot be read", [unmap(0x5000n, 0x1000n)], 7],
    ["8h: a root table that cannot be read", [unmap(rootTable, 0x1000n)], 8],
    ["9h: a context table that cannot be read", [unmap(0x2000n, 0x1000n)], 9],
    ["Ch: a reserved bit of a table entry", [memory(leafEntry, 0x7003n | (1n << 45n))], 0xc],
    ["Eh: a result in the interrupt range", [memory(leafEntry, 0xfee0_0003n)], 0xe],
    ["6h: an entry that allows nothing", [memory(leafEntry, 0n)], 6],
  ];
  test.each(cases)("[TR9] %s", (_, changes, reason) => {
    expect(outcome(given(unit(), tables, changes, turnOn).when(reads(page)))).toBe(reason);
  });

  test("[TR9] 4h: an address beyond the width of the tables", () => {
    const scene = given(unit(), booted);
    expect(outcome(scene.when(reads(1n << 48n)))).toBe(4);
  });

  test("[TR10] permissions are checked before reserved bits, level by level", () => {
    const scene = given(unit(), tables, memory(leafEntry, (1n << 45n) | 1n), turnOn);
    expect(bothWays(scene)).toEqual([0xc, 5]);
  });

  test("[TR11] a write to FEEx_xxxxh is an interrupt request, a read is a DMA", () => {
    const write: Input = {
      ...dma("write", 0xfee0_1000n),
      length: 4,
      bytes: new Uint8Array([0x41, 0, 0, 0]),
    };
    const scene = given(unit(), booted).when(write);
    expect(scene.types).not.toContain("DmaLanded");
    expect(scene.of("InterruptRequested")).toMatchObject([{ address: 0xfee0_1000n }]);
    expect(scene.of("InterruptRequested")[0]?.data).toBe(0x41);
    expect(outcome(scene.when(reads(0xfee0_1000n)))).toBe(6);
  });
});

describe("what is malformed", () => {
  test("[TR14] a DMA that is empty or crosses a page is refused", () => {
    const scene = given(unit(), booted);
    const crossing: Input = { ...dma("read", page + 0xffcn), length: 8 };
    const twoSizes: Input = { ...dma("write", page), length: 8, bytes: new Uint8Array(4) };
    expect(scene.when(crossing).refusals).toEqual(["DMA: it crosses a page"]);
    expect(scene.when(twoSizes).refusals).toEqual(["DMA: its bytes and length differ"]);
  });
});

describe("walks that do not snoop", () => {
  const incoherent = unit({ ecap: { c: false } });
  const flushed: Input[] = [
    { type: "CacheFlush", gpa: rootTable as Gpa, length: 0x6000n },
    { type: "CacheFlush", gpa: 0x8000n as Gpa, length: 0x1000n },
  ];

  test("[TR12] without ECAP.C the tables are what was flushed", () => {
    const unflushed = given(incoherent, tables, turnOn);
    expect(outcome(unflushed.when(reads(page)))).toBe(1);
    const visible = given(incoherent, tables, flushed, turnOn);
    expect(outcome(visible.when(reads(page)))).toBe(hostBase + 0x7000n);
  });

  test("[TR13] without ECAP.C an invalidation before the flush finds the old entry", () => {
    const change = memory(leafEntry, 0xa003n);
    const twice = memory(0x8000n, iotlbOfAll, 0n, iotlbOfAll, 0n);
    const scene = given(incoherent, tables, twice, flushed, turnOn, queueOn, change);
    const early = scene.when(write8(at.iqt, 0x10n), flushed);
    expect(outcome(early.when(reads(page)))).toBe(hostBase + 0x7000n);
    expect(outcome(early.when(write8(at.iqt, 0x20n), reads(page)))).toBe(hostBase + 0xa000n);
  });

  test("[IQ19] without ECAP.C the queue is what the CPU wrote, flushed or not", () => {
    const scene = given(incoherent, tables, flushed, turnOn, queueOn).when(submit(iotlbOfAll));
    expect(scene.of("IotlbInvalidated")).toHaveLength(1);
  });

  test("[TR12] a write that is flushed at once is seen", () => {
    const change: Input = { ...memory(leafEntry, 0xa003n), flushed: true };
    const scene = given(incoherent, tables, change, flushed, turnOn);
    expect(scene.when(reads(page)).of("DmaLanded")).toMatchObject([{ gpa: 0xa000n }]);
  });

  test("[TR15] a root pointer beyond all widths reads nothing, now or later", () => {
    const beyond = write8(at.rtaddr, (1n << 52n) | rootTable);
    const scene = given(unit(), tables, beyond, command(srtp), command(te));
    expect(outcome(scene.when(reads(page)))).toBe(8);
    const change = memory(0x9000n, 1n);
    const mended = [command(0n), change, turnOn];
    expect(outcome(scene.when(mended, reads(page)))).toBe(hostBase + 0x7000n);
  });
});
