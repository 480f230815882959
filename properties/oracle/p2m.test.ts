import { describe, expect, test } from "vitest";
import type { Gpa } from "../../events/address.ts";
import type { Input } from "../../events/input.ts";
import { ask, exampleSetup, fourLevels, p2mRange, write } from "./example-world.ts";
import { cpuReads, iommuReads64 } from "./memory.ts";
import { observe } from "./observe.ts";
import { createOracle } from "./oracle.ts";

const map = (...of: Parameters<typeof p2mRange>): Input => ({ type: "P2mMap", ...p2mRange(...of) });
const unmap = (gpa: bigint, length: bigint): Input => ({
  type: "P2mUnmap",
  gpa: gpa as Gpa,
  length,
});
const protect = (gpa: bigint, length: bigint, read: boolean, writing: boolean): Input => ({
  type: "P2mProtect",
  gpa: gpa as Gpa,
  length,
  read,
  write: writing,
});

const composed = (oracle: ReturnType<typeof createOracle>, gpa: bigint) => {
  const { read, write: writing } = ask(oracle, gpa);
  return [read.composed, writing.composed].map((one) => ("size" in one ? one.size : "hole"));
};

describe("P2M", () => {
  test("[OR7] what is left of a large mapping is made of the blocks that are still whole", () => {
    const oracle = createOracle(exampleSetup());
    expect(composed(oracle, 0x4000_0000n)).toEqual(["1G", "1G"]);
    observe(oracle, unmap(0x4020_3000n, 0x1000n), []);
    expect(composed(oracle, 0x4000_0000n)).toEqual(["2M", "2M"]);
    expect(composed(oracle, 0x4020_2000n)).toEqual(["4K", "4K"]);
    expect(composed(oracle, 0x4020_3000n)).toEqual(["hole", "hole"]);
    expect(composed(oracle, 0x8000_0000n)).toEqual(["1G", "1G"]);
    observe(oracle, protect(0x8000_0000n, 0x20_0000n, true, false), []);
    expect(composed(oracle, 0x8000_0000n)).toEqual(["2M", "hole"]);
    expect(composed(oracle, 0x8020_0000n)).toEqual(["2M", "2M"]);
    observe(oracle, map(0n, 0x3_0000_0000n, 0x1000n, "4K"), []);
    expect(ask(oracle, 0n).read.composed).toEqual({ hpa: 0x3_0000_0000n, size: "4K" });
    expect(composed(oracle, 0x1000n)).toEqual(["4K", "4K"]);
  });

  const refused: readonly (readonly [string, Input])[] = [
    ["an HPA that another page has", map(0x300_0000n, 0x1_0000_0000n, 0x1000n, "4K")],
    ["a length that is no multiple", map(0x300_0000n, 0x3_0000_0000n, 0x1000n, "2M")],
    ["a GPA that is no multiple", map(0x300_1000n, 0x3_0000_0000n, 0x20_0000n, "2M")],
    ["an HPA that is no multiple", map(0x300_0000n, 0x3_0000_1000n, 0x20_0000n, "2M")],
    ["an end beyond the HAW", map(0x300_0000n, 0xff_ffff_f000n, 0x2000n, "4K")],
    ["nothing mapped", map(0x300_0000n, 0x3_0000_0000n, 0n, "4K")],
    ["nothing unmapped", unmap(0n, 0n)],
    ["half a page unmapped", unmap(0n, 0x800n)],
    ["half a page protected", protect(0x800n, 0x1000n, true, true)],
  ];
  test.each(refused)("[OR8] %s is refused", (_, input) => {
    const oracle = createOracle(exampleSetup());
    expect(observe(oracle, input, [])).toBe(false);
    expect(composed(oracle, 0n)).toEqual(["2M", "2M"]);
    expect(composed(oracle, 0x300_0000n)).toEqual(["hole", "hole"]);
  });

  test("[OR8] no guest gets a frame of another's", () => {
    const { guests } = exampleSetup();
    const oracle = createOracle({ guests: guests.flatMap((each) => [each, { ...each, p2m: [] }]) });
    const stolen = { ...map(0n, 0x1_0000_0000n, 0x1000n, "4K"), guest: 1 };
    expect(observe(oracle, stolen, [])).toBe(false);
    observe(oracle, unmap(0n, 0x1000n), []);
    expect(observe(oracle, stolen, [])).toBe(true);
  });

  test("[OR9] contents follow the GPA, and are lost with the mapping", () => {
    const oracle = createOracle(exampleSetup());
    const memory = oracle.worlds[0]?.memory;
    if (!memory) throw new Error("there is no guest 0");
    write(oracle, 0xff8n, 1n, 2n);
    observe(oracle, map(0x1000n, 0x3_0000_0000n, 0x1000n, "4K"), []);
    expect(iommuReads64(memory, 0x1000n)).toBe(2n);
    observe(oracle, unmap(0x1000n, 0x1000n), []);
    expect(iommuReads64(memory, 0x1000n)).toBeUndefined();
    write(oracle, 0xff8n, 3n, 4n);
    observe(oracle, map(0x1000n, 0x3_0000_0000n, 0x1000n, "4K"), []);
    expect([iommuReads64(memory, 0xff8n), iommuReads64(memory, 0x1000n)]).toEqual([3n, 0n]);
    observe(oracle, protect(0x1000n, 0x1000n, true, false), []);
    write(oracle, 0x1000n, 5n);
    expect(iommuReads64(memory, 0x1000n)).toBe(0n);
    observe(oracle, protect(0x1000n, 0x1000n, false, true), []);
    expect(iommuReads64(memory, 0x1000n)).toBeUndefined();
  });

  test("[OR10] without ECAP.C the IOMMU sees lines that were flushed", () => {
    const oracle = createOracle(exampleSetup({ ecap: 0xcen }));
    const memory = oracle.worlds[0]?.memory;
    if (!memory) throw new Error("there is no guest 0");
    const seen = () => [0x38n, 0x40n, 0x78n].map((gpa) => iommuReads64(memory, gpa));
    write(oracle, 0x38n, 1n, 2n);
    write(oracle, 0x78n, 3n);
    expect(seen()).toEqual([0n, 0n, 0n]);
    expect(cpuReads(memory, 0x38n, 1)).toEqual(new Uint8Array([1]));
    observe(oracle, { type: "CacheFlush", gpa: 0x41n as Gpa, length: 1n }, []);
    expect(seen()).toEqual([0n, 2n, 3n]);
    const bytes = new Uint8Array([9]);
    observe(oracle, { type: "MemoryWrite", gpa: 0x3fn as Gpa, bytes, flushed: true }, []);
    expect(seen()).toEqual([0x0900_0000_0000_0001n, 2n, 3n]);
  });

  test("[OR11] a page of tables that loses its mapping changes the walk", () => {
    const oracle = fourLevels();
    ask(oracle);
    observe(oracle, unmap(0x6000n, 0x1000n), []);
    const now = ask(oracle);
    expect(now.read.guest).toEqual({ fault: 7, suppressed: false });
    expect(now.pending).toBe(true);
  });
});
