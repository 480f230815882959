import { describe, expect, test } from "vitest";
import { ask, entries, example, places, reach } from "./example-extended.ts";

const pasid = 0x42;
const [, high = 0n] = entries.plain;
const writes = { pasid, access: "write" } as const;
const supervises = { pasid, privileged: true } as const;

describe("first level of extended contexts", () => {
  test("[EC10] supervisors read and execute user pages, and write without RW unless WPE", () => {
    const bytes = example();
    bytes.put(places.context + 8n, high & ~0x20n);
    bytes.put(0xd030n, 0xf005n);
    expect(reach(bytes, { ...writes, privileged: true })).toBe(0xf000n);
    expect(reach(bytes, writes)).toBe(0x5);
    bytes.put(0xb000n, 0xc003n);
    expect(reach(bytes, supervises)).toBe(0xf000n);
    expect(reach(bytes, { pasid })).toBe(0x1e);
  });

  test("[EC10] SMEP spares what one entry keeps from users, and reads", () => {
    const bytes = example();
    bytes.put(places.context + 8n, high | (1n << 24n));
    const fetch = { ...supervises, execute: true };
    expect(reach(bytes, fetch)).toBe(0x1d);
    expect(reach(bytes, supervises)).toBe(0xf000n);
    expect(reach(bytes, { pasid, execute: true })).toBe(0xf000n);
    bytes.put(0xa000n, 0xb003n);
    expect(reach(bytes, fetch)).toBe(0xf000n);
    bytes.put(0xa000n, 0xb007n);
    bytes.put(0xd030n, 0xf003n);
    expect(reach(bytes, fetch)).toBe(0xf000n);
  });

  test("[EC10] XD is for fetches alone", () => {
    const bytes = example();
    bytes.put(0xd030n, (1n << 63n) | 0xf007n);
    expect(reach(bytes, { pasid })).toBe(0xf000n);
    expect(reach(bytes, writes)).toBe(0xf000n);
    expect(reach(bytes, { ...writes, execute: true })).toBe(0xf000n);
    bytes.put(places.context + 8n, high & ~(1n << 26n));
    expect(reach(bytes, { ...writes, execute: true })).toBe(0xf000n);
    expect(reach(bytes, { pasid, execute: true })).toBe(0x19);
  });

  test("[EC10] 48 bits are canonical or not", () => {
    const bytes = example();
    const top = (1n << 64n) - (1n << 47n);
    expect(reach(bytes, { pasid, address: (1n << 47n) - 1n })).toBe(0x17);
    expect(reach(bytes, { pasid, address: top })).toBe(0x17);
    expect(reach(bytes, { pasid, address: top - 1n })).toBe(0x14);
    bytes.put(0xa800n, 0xb007n);
    bytes.put(0xb000n, 0xc007n);
    bytes.put(0xc000n, 0xd007n);
    bytes.put(0xd000n, 0xf007n);
    expect(reach(bytes, { pasid, address: top + 5n })).toBe(0xf005n);
  });

  test("[EC11] accessed bits on the way, EA with EAFE, the dirty bit of a written leaf", () => {
    const bytes = example();
    const accessed = [
      [0xa000n, 0xb027n],
      [0xb000n, 0xc027n],
      [0xc060n, 0xd027n],
    ];
    expect(ask(bytes, { pasid })).toMatchObject({ updates: [...accessed, [0xd030n, 0xf027n]] });
    expect(ask(bytes, writes)).toMatchObject({ updates: [...accessed, [0xd030n, 0xf067n]] });
    bytes.put(places.context + 8n, high | (1n << 25n));
    bytes.put(0xa000n, 0xb427n);
    bytes.put(0xb000n, 0xc027n);
    bytes.put(0xc060n, 0xd427n);
    expect(ask(bytes, { pasid })).toMatchObject({
      updates: [
        [0xb000n, 0xc427n],
        [0xd030n, 0xf427n],
      ],
    });
  });

  test("[EC11] bits that were set stay set where the request is blocked further down", () => {
    const bytes = example();
    bytes.put(0xc060n, 0n);
    expect(ask(bytes, { pasid })).toMatchObject({
      reason: 0x17,
      updates: [
        [0xa000n, 0xb027n],
        [0xb000n, 0xc027n],
      ],
    });
  });

  test("[EC11] an entry that cannot be set faults where a bit is missing", () => {
    const bytes = example();
    bytes.readOnly.add(0xan);
    expect(reach(bytes, { pasid })).toBe(0x15);
    bytes.put(0xa000n, 0xb027n);
    expect(reach(bytes, { pasid })).toBe(0xf000n);
    bytes.readOnly.add(0xcn);
    expect(reach(bytes, { pasid })).toBe(0x15);
  });

  test("[EC11] a table that is its own lower table is set once", () => {
    const bytes = example();
    bytes.put(0xa000n, 0xa007n);
    expect(ask(bytes, { pasid, address: 0n })).toMatchObject({
      gpa: 0xa000n,
      updates: [[0xa000n, 0xa027n]],
    });
    expect(ask(bytes, { ...writes, address: 0n })).toMatchObject({
      updates: [
        [0xa000n, 0xa027n],
        [0xa000n, 0xa067n],
      ],
    });
  });

  test("[EC12] leaves of both levels are as large as their level and no interrupt", () => {
    const bytes = example();
    const at = (address: bigint, request = {}) => ask(bytes, { address, ...request });
    const page = (gpa: bigint, size: string) => expect.objectContaining({ gpa, size });
    bytes.put(0xc068n, 0x4020_1087n, 0xfee0_0087n);
    expect(at(0x1a0_1234n, { pasid })).toEqual(page(0x4020_1234n, "2M"));
    expect(at(0x1c0_0000n, { pasid })).toMatchObject({ reason: 0xe });
    expect(at(0x1d0_0000n, { pasid })).toEqual(page(0xfef0_0000n, "4K"));
    bytes.put(0xb008n, 0x4000_0087n, 0xc000_0087n);
    expect(at(0x4012_3000n, { pasid })).toEqual(page(0x4012_3000n, "1G"));
    expect(at(0x8000_0000n, { pasid })).toEqual(page(0xc000_0000n, "2M"));
    bytes.put(0xe008n, 0x4020_0087n, 0xfee0_0087n);
    expect(at(0x20_1234n)).toEqual(page(0x4020_1234n, "2M"));
    expect(at(0x50_0000n)).toEqual(page(0xfef0_0000n, "4K"));
    bytes.put(0x9008n, 0xc000_0087n);
    expect(at(0x4000_0000n)).toEqual(page(0xc000_0000n, "2M"));
    expect(at(0x7ee0_0000n)).toMatchObject({ reason: 0xe });
    expect(at(0x5000n)).toEqual(page(0x5000n, "4K"));
  });

  test("[EC12] a global page is one with G under PGE", () => {
    const bytes = example();
    bytes.put(0xd030n, 0xf107n);
    expect(ask(bytes, { pasid })).toMatchObject({ tag: { global: true } });
    bytes.put(places.context + 8n, high & ~8n);
    expect(ask(bytes, { pasid })).toMatchObject({ tag: { global: false } });
  });
});
