import { describe, expect, test } from "vitest";
import type { Bytes } from "./example-extended.ts";
import { entries, example, lower, places, without } from "./example-extended.ts";
import { pageOutcome, pageRequestWords } from "./page-request.ts";

const asked = {
  ...{ sid: lower, pasid: 0x42, address: 0x180_6123n, group: 3, data: 0 },
  ...{ read: true, write: false, execute: false, privileged: false },
  ...{ last: true, stream: false, blocked: false },
};
const queue = { pqa: 0xe_0000n, pqh: 0n, pqt: 0n, fsts: 0, prs: 0 };

const of = (bytes: Bytes, request = {}, registers = {}) =>
  pageOutcome(bytes.unit, { ...asked, ...request }, { ...queue, ...registers });
const allowed = () => example(entries.deviceTlb);

describe("page requests of extended contexts", () => {
  test("[EC40] a page request is two words", () => {
    expect(pageRequestWords(asked)).toEqual([(3n << 55n) | 0x42cn, 0x180_6201n]);
    const none = { ...asked, sid: 0, pasid: 0, address: 0n, group: 0, read: false, last: false };
    const bits = (change: object): readonly [bigint, bigint] => {
      const [low, high] = pageRequestWords({ ...none, ...change });
      return [low ^ 4n, high];
    };
    expect(bits({})).toEqual([0n, 0n]);
    expect(bits({ pasid: undefined })).toEqual([4n, 0n]);
    expect(bits({ stream: true })).toEqual([1n, 0n]);
    expect(bits({ blocked: true })).toEqual([2n, 0n]);
    expect(bits({ last: true })).toEqual([8n, 0n]);
    expect(bits({ pasid: 0xf_ffff })).toEqual([0xff_fff0n, 0n]);
    expect(bits({ sid: 0xffff })).toEqual([0xff00_0000n, 0xff0n]);
    expect(bits({ data: 0x7f_ffff })).toEqual([0x007f_ffff_0000_0000n, 0n]);
    expect(bits({ group: 0x1ff })).toEqual([0xff80_0000_0000_0000n, 0n]);
    expect(bits({ read: true })).toEqual([0n, 1n]);
    expect(bits({ write: true })).toEqual([0n, 2n]);
    expect(bits({ execute: true })).toEqual([0n, 4n]);
    expect(bits({ privileged: true })).toEqual([0n, 8n]);
    expect(bits({ address: (1n << 64n) - 1n })).toEqual([0n, (1n << 64n) - 4096n]);
  });

  test("[EC41] it goes to the tail, which wraps; the first announces itself", () => {
    const words = pageRequestWords(asked);
    expect(of(allowed())).toEqual({
      ...{ kind: "queued", at: 0xe_0000n, words, tail: 0x10n, event: true },
    });
    expect(of(allowed(), {}, { pqh: 0x800n, pqt: 0xff0n, prs: 1 })).toMatchObject({
      ...{ at: 0xe_0ff0n, tail: 0n, event: false },
    });
    expect(of(allowed(), {}, { prs: 2 })).toMatchObject({ event: true });
    expect(of(allowed(), {}, { pqa: 0xe_0001n, pqt: 0xff0n })).toMatchObject({ tail: 0x1000n });
  });

  test("[EC41] a full queue is a fault condition, and drops until it is cleared", () => {
    const full = { pqh: 0x10n };
    expect(of(allowed(), {}, full)).toEqual({ kind: "overflowed", event: true });
    expect(of(allowed(), {}, { ...full, fsts: 0x10 })).toEqual({
      kind: "overflowed",
      event: false,
    });
    expect(of(allowed(), {}, { fsts: 0x80 })).toEqual({ kind: "dropped" });
    expect(of(allowed(), {}, { pqh: 0x20n })).toMatchObject({ kind: "queued" });
  });

  test("[EC42] what the context or the PASID entry does not allow is invalid", () => {
    const refused = (spoil: (bytes: Bytes) => void, request = {}) => {
      const bytes = allowed();
      spoil(bytes);
      const outcome = of(bytes, request);
      return outcome.kind === "refused" ? [outcome.reason, outcome.recorded] : outcome.kind;
    };
    const [low = 0n] = entries.deviceTlb;
    const first = (word: bigint) => (bytes: Bytes) => bytes.put(places.context, word);
    expect(refused(first(low & ~0x200n))).toEqual([0x30, true]);
    expect(refused(first(low & ~1n))).toEqual([0x30, true]);
    expect(refused(first((low & ~0x200n) | 2n))).toEqual([0x30, true]);
    expect(refused(first(low & ~4n))).toEqual([0x30, true]);
    expect(refused((bytes) => bytes.put(places.root, 0n))).toEqual([0x1, true]);
    expect(refused((bytes) => bytes.put(places.pasid, 0n))).toEqual([0x11, true]);
    expect(refused(() => {}, { pasid: 0x80 })).toEqual([0x1b, true]);
    expect(refused((bytes) => bytes.put(places.pasid, 0n), { pasid: undefined })).toBe("queued");
    expect(refused(without(29))).toEqual([undefined, false]);
    expect(refused(({ unit }) => (unit.root = 0x1000n))).toEqual([undefined, false]);
  });

  test("[EC42] who waits for an answer is told: the last of a group, one of a stream", () => {
    const response = (request: object) => of(allowed(), { pasid: 0x80, ...request });
    expect(response({})).toMatchObject({ response: "invalid" });
    expect(response({ last: false })).toMatchObject({ response: undefined });
    expect(response({ last: false, stream: true })).toMatchObject({ response: "invalid" });
  });
});
