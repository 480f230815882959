import { describe, expect, test } from "vitest";
import { decodeDescriptor } from "./descriptor.ts";
import { example } from "./example-extended.ts";
import { followQueue } from "./queue.ts";

const { unit } = example();
const all = 1n << 64n;
const d = (low: bigint, high = 0n, ecap = unit.ecap) =>
  decodeDescriptor({ ...unit, ecap }, low, high);
const lacking = (...indices: readonly number[]) =>
  indices.reduce((word, index) => word & ~(1n << BigInt(index)), unit.ecap);
const having = (...indices: readonly number[]) =>
  indices.reduce((word, index) => word | (1n << BigInt(index)), unit.ecap);

/** Domain 1234h, PASID abcdeh. */
const tags = 0x000a_bcde_1234_0000n;
const tagged = { did: 0x1234, pasid: 0xabcde };

describe("descriptors of extended contexts", () => {
  test("[EC20] context cache, IOTLB, interrupt entries, device TLB and wait are as ever", () => {
    expect(d(0x0002_00a0_0005_0031n)).toEqual({
      ...{ kind: "context", scope: "device", did: 5, sid: 0xa0, mask: 2 },
    });
    expect([d(0x11n), d(0x21n)]).toMatchObject([{ scope: "global" }, { scope: "domain" }]);
    expect(d(0x0005_00f2n, 0x180_6043n)).toEqual({
      ...{ kind: "iotlb", scope: "page", did: 5, leafOnly: true },
      ...{ address: 0x180_0000n, length: 0x8000n },
    });
    expect([d(0x12n), d(0x22n)]).toMatchObject([{ scope: "global" }, { scope: "domain" }]);
    expect(d(0x00a0_0000_0003n, 0x3001n)).toEqual({
      ...{ kind: "deviceTlb", sid: 0xa0, address: 0n, length: 0x8000n },
    });
    expect(d(0x0013_1000_0014n)).toEqual({ kind: "interruptEntries", first: 0x10, count: 4 });
    expect(d(0x4n)).toEqual({ kind: "interruptEntries", first: 0, count: undefined });
    expect(d(0x1234_0000_0075n, 0x9004n)).toEqual({
      ...{
        kind: "wait",
        interrupt: true,
        status: 0x9004n,
        data: 0x1234,
        fence: true,
        drain: false,
      },
    });
    expect(d(0x5n, 0x9004n)).toMatchObject({ status: undefined, interrupt: false, fence: false });
    expect(d(0x85n, 0n, having(42))).toMatchObject({ drain: true });
  });

  test("[EC20] extended IOTLB: all, those that are not global, a PASID's, its pages", () => {
    const scopes = [0n, 1n, 2n, 3n].map((granularity) =>
      d(6n | (granularity << 4n) | tags, 0x40c1n),
    );
    const same = { kind: "extendedIotlb", ...tagged, leafOnly: true, global: true };
    const range = { address: 0x4000n, length: 0x2000n };
    expect(scopes).toEqual(
      ["all", "notGlobal", "pasid", "page"].map((scope) => ({ ...same, ...range, scope })),
    );
    expect(d(0x36n | tags, 0x7000n)).toMatchObject({
      leafOnly: false,
      global: false,
      length: 4096n,
    });
    // A mask beyond MAMV is not an error of this type.
    expect(d(0x36n, 0x20n)).toMatchObject({ length: 4096n << 32n });
  });

  test("[EC20] PASID cache: a domain's, or one PASID's", () => {
    expect(d(7n | tags)).toEqual({ kind: "pasidCache", scope: "domain", ...tagged });
    expect(d(0x17n | tags)).toEqual({ kind: "pasidCache", scope: "pasid", ...tagged });
  });

  test("[EC20] extended device TLB: a range of a PASID or of all", () => {
    const low = 0x000a_bcde_00a0_01f8n;
    expect(d(low, 0x1234_57ff_f000n | 0x800n)).toEqual({
      ...{ kind: "extendedDeviceTlb", sid: 0xa0, pasid: 0xabcde },
      ...{ address: 0x1234_5000_0000n, length: 0x1000_0000n },
    });
    expect(d(low, 0x5001n)).toMatchObject({ pasid: "all", address: 0x5000n, length: 4096n });
    expect(d(low, (((all >> 1n) - 1n) & ~0xfffn) | 0x800n)).toMatchObject({
      address: 0n,
      length: all,
    });
  });

  test("[EC20] answers to a group and to one of a stream", () => {
    const group = { sid: 0x1a0, pasid: 0xabcde, group: 0x155, data: 0x2b_cdef };
    const answer = (0x155n << 55n) | (0x2b_cdefn << 32n);
    expect(d(0x000a_bcde_01a0_0019n, answer)).toEqual({
      ...{ kind: "groupAnswer", ...group, response: "success" },
    });
    expect(d(0x000a_bcde_01a0_0009n, answer | 1n)).toMatchObject({
      ...{ pasid: undefined, response: "invalid" },
    });
    expect(d(0x9n, 0xfn)).toMatchObject({ response: "failure" });
    expect(d(0x9n, 0x2n)).toMatchObject({ response: "failure" });
    const low = 0xan | (0xabcden << 4n) | (1n << 24n) | answer;
    expect(d(low, 0x7a01n)).toEqual({
      ...{ kind: "streamAnswer", ...group, response: "invalid", address: 0x7000n },
    });
  });

  test("[EC21] each reserved bit is an error, and no other bit is", () => {
    const fields: readonly (readonly [low: bigint, high: bigint, fields: readonly bigint[]])[] = [
      [0x11n, 0n, [0x3_ffff_ffff_003fn, 0n]],
      [0x12n, 0n, [0xffff_00ffn, ~0xf80n]],
      [0x3n, 0n, [0xffff_001f_000fn, ~0xffen]],
      [0x4n, 0n, [0xffff_f800_001fn, 0n]],
      [0x5n, 0n, [0xffff_ffff_0000_007fn, ~3n]],
      [0x6n, 0n, [0xf_ffff_ffff_003fn, ~0xf00n]],
      [0x17n, 0n, [0xf_ffff_ffff_003fn, 0n]],
      [0x8n, 0n, [0xf_ffff_ffff_01ffn, ~0x7fen]],
      [0x9n, 0n, [0xf_ffff_ffff_001fn, ~0xffff_fff0n]],
      [0xan, 0n, [~0n, ~0n]],
    ];
    for (const [low, high, [lowFields = 0n, highFields = 0n]] of fields)
      for (let index = 4n; index < 128n; index++) {
        const [one, other] = index < 64n ? [1n << index, 0n] : [0n, 1n << (index - 64n)];
        const isField = (one & lowFields) !== 0n || (other & highFields) !== 0n;
        const found = d(low ^ one, high | other);
        // The granularity is a field of which some values are none.
        if (one < 0x40n && one !== 0n) continue;
        expect([low, index, found === "field"]).toEqual([low, index, !isField]);
      }
  });

  test("[EC21] a granularity without a meaning is an error, and a mask beyond MAMV", () => {
    expect([d(0x1n), d(0x2n), d(0x27n), d(0x37n)]).toEqual(["field", "field", "field", "field"]);
    expect([d(0x32n, 19n), d(0x32n, 18n)]).toMatchObject(["field", { length: 4096n << 18n }]);
    expect(d(0x22n, 19n)).toMatchObject({ scope: "domain" });
  });

  test("[EC21] a type is known with its capability", () => {
    for (const type of [0n, 0xbn, 0xcn, 0xdn, 0xen, 0xfn]) expect(d(type)).toBe("type");
    expect([d(3n, 0n, lacking(2)), d(8n, 0n, lacking(2)), d(4n, 0n, lacking(3))]).toEqual([
      "type",
      "type",
      "type",
    ]);
    for (const type of [6n, 7n, 8n]) expect(d(type, 0n, lacking(40))).toBe("type");
    for (const type of [9n, 10n]) expect(d(type, 0n, lacking(29))).toBe("type");
    for (const type of [6n, 7n, 8n, 9n, 10n]) expect(d(type, 0n, lacking(24))).toBe("type");
    for (const type of [0x11n, 0x12n, 5n]) expect(d(type, 0n, 2n)).toBeTypeOf("object");
    // Bits 11:9 are no part of the type yet.
    expect(d(0x211n)).toBe("field");
  });

  test("[EC21] throttling and draining add fields", () => {
    const throttled = (type: bigint) => type | (0xfn << 12n) | (0xfffn << 52n);
    expect([d(throttled(3n)), d(throttled(8n)), d(0x85n)]).toEqual(["field", "field", "field"]);
    expect(d(throttled(3n), 0n, having(41))).toBeTypeOf("object");
    expect(d(throttled(8n), 0n, having(41))).toBeTypeOf("object");
    expect(d(throttled(6n), 0n, having(41))).toBe("field");
  });
});

describe("queue of extended contexts", () => {
  const registers = { iqa: 0xe_0000n, iqh: 0n, iqt: 0x30n };
  const queue = (words: readonly bigint[], changes = {}) => {
    const bytes = example();
    bytes.put(0xe_0000n, ...words);
    return followQueue(bytes.unit, { ...registers, ...changes });
  };

  test("[EC22] descriptors in order, up to the wait or the end", () => {
    const words = [0x11n, 0n, 5n, 0n, 0x12n, 0n];
    const first = queue(words);
    expect(first).toMatchObject({ head: 0x20n, end: "wait" });
    expect(first.work.map(({ kind }) => kind)).toEqual(["context", "wait"]);
    expect(queue(words, { iqh: 0x20n })).toMatchObject({ head: 0x30n, end: "empty" });
    expect(queue([])).toMatchObject({ head: 0n, end: "IQE", cause: "type" });
    expect(queue([], { iqt: 0n })).toEqual({ work: [], head: 0n, end: "empty" });
  });

  test("[EC22] the ring wraps; IQA.DW makes nothing wider", () => {
    const bytes = example();
    bytes.put(0xe_0ff0n, 0x11n, 0n);
    bytes.put(0xe_0000n, 0x12n, 0n);
    const ring = { iqa: 0xe_0800n, iqh: 0xff0n, iqt: 0x10n };
    expect(followQueue(bytes.unit, ring)).toMatchObject({ head: 0x10n, end: "empty" });
    expect(followQueue(bytes.unit, ring).work).toHaveLength(2);
    bytes.put(0xe_1ff0n, 0x11n, 0n);
    const larger = followQueue(bytes.unit, { iqa: 0xe_0001n, iqh: 0x1ff0n, iqt: 0x10n });
    expect(larger).toMatchObject({ head: 0x10n, end: "empty" });
  });

  test("[EC22] an error leaves the head where it is", () => {
    expect(queue([0x11n, 0n, 0x41n, 0n])).toMatchObject({ head: 0x10n, cause: "field" });
    expect(queue([0x11n, 0n, 0xfn, 0n])).toMatchObject({ head: 0x10n, cause: "type" });
    expect(queue([], { iqt: 0x1000n })).toMatchObject({ head: 0n, cause: "tail" });
    expect(queue([], { iqt: 0x1000n, iqa: 0xe_0001n })).toMatchObject({ cause: "type" });
    expect(queue([], { iqa: 0x20_0000n })).toMatchObject({ head: 0n, end: "IQE", cause: "fetch" });
  });
});
