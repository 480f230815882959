import { describe, expect, test } from "vitest";
import { readExtended } from "./context.ts";
import type { Cached } from "./covers.ts";
import { covers } from "./covers.ts";
import { decodeState, mayDefer, stateAt, unused, used } from "./deferred.ts";
import { decodeDescriptor } from "./descriptor.ts";
import { dinve, entries, example, lower, paside, places } from "./example-extended.ts";

const { unit } = example();

/** Which of the things that are cached a descriptor surely removes. */
function removed(cached: Readonly<Record<string, Cached>>, low: bigint, high = 0n) {
  const work = decodeDescriptor(unit, low, high);
  if (typeof work === "string") throw new Error(work);
  return Object.keys(cached).filter((name) => {
    const one = cached[name];
    return one !== undefined && covers(work, one);
  });
}

const page = (number: bigint, pages = 1n) => ({ address: number << 12n, length: pages << 12n });
const first = (pasid: number, where: ReturnType<typeof page>, more = {}) =>
  ({ kind: "first", did: 5, pasid, leaf: true, global: false, ...where, ...more }) as const;
const second = (where: ReturnType<typeof page>, more = {}) =>
  ({ kind: "second", did: 5, leaf: true, ...where, ...more }) as const;

const translations = {
  page7: first(1, page(7n)),
  large: first(1, page(0n, 512n)),
  table: first(1, page(0n, 512n), { leaf: false }),
  far: first(1, page(0x1000n)),
  global7: first(1, page(7n), { global: true }),
  otherPasid: first(2, page(7n)),
  otherDomain: first(1, page(7n), { did: 6 }),
  second7: second(page(7n)),
  secondTable: second(page(0n, 512n), { leaf: false }),
  secondFar: second(page(0x1000n)),
  secondOther: second(page(7n), { did: 6 }),
} as const;

const names = Object.keys(translations);
const but = (...others: readonly string[]) => names.filter((name) => !others.includes(name));
const secondLevel = ["second7", "secondTable", "secondFar", "secondOther"];
/** Domain 5, PASID 1. */
const tag = (5n << 16n) | (1n << 32n);

describe("invalidations of extended contexts", () => {
  test("[EC30] extended IOTLB: a domain's first level; without global pages; a PASID's", () => {
    const low = 6n | tag;
    expect(removed(translations, low)).toEqual(but("otherDomain", ...secondLevel));
    const kept = ["otherDomain", "global7", ...secondLevel];
    expect(removed(translations, low | 0x10n)).toEqual(but(...kept));
    expect(removed(translations, low | 0x20n)).toEqual(but("otherPasid", ...kept));
    // GL is for ranges alone.
    expect(removed(translations, low | 0x10n, 0x80n)).toEqual(but(...kept));
    expect(removed(translations, low | 0x20n, 0x80n)).toEqual(but("otherPasid", ...kept));
  });

  test("[EC30] extended IOTLB by page: what meets it, tables without IH, global by GL", () => {
    const low = 0x36n | tag;
    expect(removed(translations, low, 0x7000n)).toEqual(["page7", "large", "table"]);
    expect(removed(translations, low, 0x7040n)).toEqual(["page7", "large"]);
    expect(removed(translations, low, 0x7080n)).toEqual(["page7", "large", "table", "global7"]);
    expect(removed(translations, low, 0x8000n)).toEqual(["large", "table"]);
    expect(removed(translations, low, 0x20_0000n)).toEqual([]);
    expect(removed(translations, low, 0x100_0008n)).toEqual(["far"]);
  });

  test("[EC30] an IOTLB invalidation removes a domain's first level whole", () => {
    const firstOf5 = ["page7", "large", "table", "far", "global7", "otherPasid"];
    expect(removed(translations, 0x12n)).toEqual(names);
    expect(removed(translations, 0x22n | (5n << 16n))).toEqual(but("otherDomain", "secondOther"));
    const low = 0x32n | (5n << 16n);
    expect(removed(translations, low, 0x7000n)).toEqual([...firstOf5, "second7", "secondTable"]);
    expect(removed(translations, low, 0x7040n)).toEqual([...firstOf5, "second7"]);
  });

  test("[EC31] context cache: all, a domain's, a device's by its mask; nothing else goes", () => {
    const contexts = {
      a: { kind: "context", sid: 0x20, did: 5 },
      b: { kind: "context", sid: 0x24, did: 5 },
      c: { kind: "context", sid: 0x27, did: 5 },
      d: { kind: "context", sid: 0x20, did: 6 },
      absent: { kind: "context", sid: 0x28, did: 0 },
      entry: { kind: "pasidEntry", did: 5, pasid: 1 },
      page: translations.page7,
    } as const;
    const device = 0x31n | (5n << 16n) | (0x20n << 32n);
    expect(removed(contexts, 0x11n)).toEqual(["a", "b", "c", "d", "absent"]);
    expect(removed(contexts, 0x21n | (5n << 16n))).toEqual(["a", "b", "c"]);
    expect(removed(contexts, device)).toEqual(["a"]);
    expect(removed(contexts, device | (1n << 48n))).toEqual(["a", "b"]);
    expect(removed(contexts, device | (2n << 48n))).toEqual(["a", "b"]);
    expect(removed(contexts, device | (3n << 48n))).toEqual(["a", "b", "c"]);
    expect(removed(contexts, 0x31n | (0x28n << 32n))).toEqual(["absent"]);
  });

  test("[EC31] PASID cache: a domain's entries or one; an entry is tagged by its own PASID", () => {
    const cached = {
      a: { kind: "pasidEntry", did: 5, pasid: 1 },
      b: { kind: "pasidEntry", did: 5, pasid: 2 },
      c: { kind: "pasidEntry", did: 6, pasid: 1 },
      context: { kind: "context", sid: 0x20, did: 5 },
      page: translations.page7,
    } as const;
    expect(removed(cached, 7n | tag)).toEqual(["a", "b"]);
    expect(removed(cached, 0x17n | tag)).toEqual(["a"]);
    expect(removed(cached, 0x17n | (5n << 16n))).toEqual([]);
  });

  test("[EC32] device TLBs: without PASID, of a PASID, of all PASIDs, by range", () => {
    const held = (sid: number, pasid: number | undefined, number = 7n) =>
      ({ kind: "device", sid, pasid, ...page(number) }) as const;
    const cached = {
      plain: held(0x20, undefined),
      one: held(0x20, 1),
      two: held(0x20, 2),
      far: held(0x20, 1, 0x1000n),
      other: held(0x28, 1),
      iotlb: translations.page7,
    };
    expect(removed(cached, 0x20_0000_0003n, 0x7000n)).toEqual(["plain"]);
    const low = 8n | (0x20n << 16n) | (1n << 32n);
    expect(removed(cached, low, 0x7000n)).toEqual(["one"]);
    expect(removed(cached, low, 0x7001n)).toEqual(["one", "two"]);
    expect(removed(cached, low, 0x7fff_ffff_ffff_f800n)).toEqual(["one", "far"]);
  });

  test("[EC32] waits, answers and interrupt entries remove nothing of these", () => {
    for (const low of [4n, 5n, 9n, 10n]) expect(removed(translations, low)).toEqual([]);
  });
});

describe("deferred invalidation", () => {
  const dinv = 1n << 63n;
  const count = (active: bigint) => active << 32n;

  test("[EC33] a PASID has its state beside its entry, with DINVE and PASIDE", () => {
    const state = (low: bigint, pasid = 0x42) => {
      const bytes = example();
      bytes.put(places.context, low);
      const context = readExtended(bytes.unit, lower);
      return context.kind === "context" ? stateAt(context, pasid) : context;
    };
    expect(state(0x8001n | paside | dinve)).toBe(0x7210n);
    expect(state(0x8001n | paside | dinve, 0x80)).toBeUndefined();
    expect(state(0x8001n | paside)).toBeUndefined();
    expect(state(0x8001n | dinve)).toBeUndefined();
    expect(entries.plain[3]).toBe(0x7000n);
  });

  test("[EC33] an invalidation may wait while no device uses the PASID", () => {
    expect([0n, dinv, count(1n), count(1n) | dinv].map(mayDefer)).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(decodeState(count(0x1234n) | dinv | 0xffff_ffffn)).toEqual({
      ...{ active: 0x1234, invalidate: true },
    });
  });

  test("[EC33] the first use does what was put off; later ones count alone", () => {
    expect(used(dinv | 5n)).toEqual({ word: count(1n) | 5n, invalidates: true });
    expect(used(0n)).toEqual({ word: count(1n), invalidates: false });
    expect(used(count(2n) | dinv)).toEqual({ word: count(3n) | dinv, invalidates: false });
    expect(used(count(0xffffn))).toEqual({ word: count(0xffffn), invalidates: false });
    expect([unused(count(2n)), unused(count(1n) | dinv), unused(0n)]).toEqual([
      count(1n),
      dinv,
      0n,
    ]);
  });
});
