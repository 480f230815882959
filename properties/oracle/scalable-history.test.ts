import { describe, expect, test } from "vitest";
import type { Iova, SourceId } from "../../events/address.ts";
import type { Fact } from "../../events/fact.ts";
import type { EntryWords } from "./example-tables.ts";
import {
  entryWords,
  exampleRuns,
  firstPage,
  nvme,
  places,
  scalableCap,
  scalableEcap,
} from "./example-tables.ts";
import { exampleSetup, happen, write } from "./example-world.ts";
import type { Expected } from "./expected.ts";
import { expected } from "./expected.ts";
import type { Oracle } from "./oracle.ts";
import { createOracle } from "./oracle.ts";

const pasid = 0x42;
const iova = BigInt(firstPage) << 12n;

/** Accessed and dirty bits are set already, as if every page had been written. */
const passed = (gpa: bigint, value: bigint): bigint =>
  gpa >= 0xa000n && gpa < 0xe000n ? value | 0x60n : value;

function watched(words: EntryWords = entryWords.firstStage, cap = scalableCap): Oracle {
  const keys = [pasid, undefined].map((each) => ({
    ...{ guest: 0, sid: nvme, page: firstPage, pasid: each },
  }));
  const setup = exampleSetup({ cap, ecap: scalableEcap });
  const nearby = Array.from({ length: 32 }, (_, page) => page);
  const oracle = createOracle(setup, keys, nearby);
  for (const [gpa, ...values] of exampleRuns(words)) {
    write(oracle, gpa, ...values.map((value) => passed(gpa, value)));
  }
  happen(oracle, { type: "RootPointerLatched", value: 0x1400n }, { type: "TranslationEnabled" });
  return oracle;
}

function ask(oracle: Oracle, of: number | undefined = pasid): Expected {
  const found = expected(oracle, 0, nvme, iova, { pasid: of });
  if (!found) throw new Error("there is no guest 0");
  return found;
}

/** The GPAs, or fault numbers, of the candidates for a read. */
const candidates = (oracle: Oracle, of?: number): readonly (bigint | number)[] => {
  const all = ask(oracle, of).candidates.map(({ read: { guest } }) =>
    "gpa" in guest ? guest.gpa : "fault" in guest ? guest.fault : -1,
  );
  return [...new Set(all)].sort((a, b) => Number(a) - Number(b));
};

const contexts = (source: number, did: number): Fact => ({
  ...{ type: "ContextInvalidated", scope: "device", did, source: source as SourceId, mask: 0 },
});
const onePasid = (did: number, of: number): Fact => ({
  ...{ type: "PasidCacheInvalidated", scope: "pasid", did, pasid: of },
});
const domainPasids = (did: number): Fact => ({
  ...{ type: "PasidCacheInvalidated", scope: "domain", did },
});
const allPages: Fact = { type: "IotlbInvalidated", scope: "global" };
const domainPages = (did: number): Fact => ({ type: "IotlbInvalidated", scope: "domain", did });
const pasidPages = (did: number, of: number): Fact => ({
  ...{ type: "PasidIotlbInvalidated", scope: "pasid", did, pasid: of },
});
const somePages = (first: bigint, length: bigint, leafOnly = false): Fact => ({
  ...{ type: "PasidIotlbInvalidated", scope: "page", did: 5, pasid, leafOnly },
  ...{ iova: first as Iova, length },
});

describe("cached scalable entries", () => {
  test("[OR26] a changed PASID entry is pending until its PASID or domain is invalidated", () => {
    const oracle = watched();
    expect(ask(oracle)).toMatchObject({ pending: false, complete: true, kind: "firstStage" });
    write(oracle, places.entry, 0n);
    expect(candidates(oracle)).toEqual([0x59, 0x7000n]);
    happen(oracle, onePasid(6, pasid), onePasid(5, 7), contexts(nvme, 0), allPages);
    expect(ask(oracle).pending).toBe(true);
    expect(ask(oracle, undefined).pending).toBe(true);
    happen(oracle, onePasid(5, pasid));
    expect(ask(oracle).pending).toBe(false);
    expect(candidates(oracle)).toEqual([0x59]);
    write(oracle, places.entry, entryWords.firstStage[0]);
    happen(oracle, domainPasids(5));
    expect(ask(oracle).pending).toBe(true);
    happen(oracle, onePasid(5, pasid));
    expect(ask(oracle).pending).toBe(false);
  });

  test("[OR26] a changed context is pending until its source is invalidated, of any domain", () => {
    const oracle = watched();
    write(oracle, places.context, 0x4001n);
    expect(candidates(oracle)).toEqual([0x45, 0x7000n]);
    happen(oracle, onePasid(5, pasid), contexts(nvme + 8, 5));
    expect(ask(oracle).pending).toBe(true);
    happen(oracle, contexts(nvme, 9));
    expect(candidates(oracle)).toEqual([0x45]);
  });

  test("[OR26] without CM entries that fault are not cached", () => {
    const oracle = watched(entryWords.firstStage, scalableCap & ~0x80n);
    write(oracle, places.entry, 0n);
    happen(oracle, onePasid(5, pasid));
    write(oracle, places.entry, entryWords.firstStage[0]);
    expect(ask(oracle).pending).toBe(false);
  });

  test("[OR26] a replaced root pointer wants all three caches invalidated", () => {
    const oracle = watched();
    happen(oracle, { type: "RootPointerLatched", value: 0x1400n });
    happen(oracle, { type: "ContextInvalidated", scope: "global" }, allPages);
    expect(ask(oracle).pending).toBe(true);
    happen(oracle, { type: "PasidCacheInvalidated", scope: "global" });
    expect(ask(oracle).pending).toBe(false);
  });
});

describe("cached first-stage entries", () => {
  test("[OR27] what was present may be used until an invalidation of its PASID", () => {
    const oracle = watched();
    write(oracle, 0xd030n, 0x8067n);
    write(oracle, 0xd030n, 0n);
    expect(candidates(oracle)).toEqual([0x71, 0x7000n, 0x8000n]);
    happen(oracle, pasidPages(6, pasid), pasidPages(5, 7));
    expect(ask(oracle).pending).toBe(true);
    happen(oracle, pasidPages(5, pasid));
    expect(candidates(oracle)).toEqual([0x71]);
    expect(ask(oracle).pending).toBe(false);
    write(oracle, 0xd030n, 0x8007n);
    expect(ask(oracle).pending).toBe(false);
    expect(candidates(oracle)).toEqual([0x8000n]);
  });

  test("[OR27] a domain's IOTLB invalidation drops all its first stages", () => {
    for (const fact of [domainPages(5), allPages]) {
      const oracle = watched();
      write(oracle, 0xd030n, 0x8067n);
      happen(oracle, domainPages(6));
      expect(ask(oracle).pending).toBe(true);
      happen(oracle, fact);
      expect(candidates(oracle)).toEqual([0x8000n]);
    }
  });

  test("[OR27] accessed and dirty bits alone are not pending", () => {
    const oracle = watched();
    write(oracle, 0xd030n, 0x7007n);
    expect(ask(oracle)).toMatchObject({ pending: false, complete: true });
    expect(ask(oracle).first?.write).toMatchObject({
      cached: true,
      lowest: 2,
      updates: [[0xd030n, 0x7067n]],
    });
    happen(oracle, pasidPages(5, pasid));
    expect(ask(oracle).first?.write).toMatchObject({ cached: false, lowest: 2 });
  });

  test("[OR28] upper entries survive an invalidation of leaves, and lead to what is there now", () => {
    const oracle = watched();
    write(oracle, 0xf030n, 0x8067n);
    write(oracle, 0xc060n, 0xf067n);
    write(oracle, 0xd030n, 0x9067n);
    expect(candidates(oracle)).toEqual([0x7000n, 0x8000n, 0x9000n]);
    happen(oracle, somePages(iova, 4096n, true));
    expect(candidates(oracle)).toEqual([0x8000n, 0x9000n]);
    happen(oracle, somePages(iova + 4096n, 4096n, true));
    expect(ask(oracle).pending).toBe(true);
    happen(oracle, somePages(iova, 4096n));
    expect(candidates(oracle)).toEqual([0x8000n]);
    expect(ask(oracle).pending).toBe(false);
  });

  test("[OR28] an invalidation beside the page drops the upper entries that it meets", () => {
    const oracle = watched();
    write(oracle, 0xf030n, 0x8067n);
    write(oracle, 0xc060n, 0xf067n);
    happen(oracle, somePages(iova + 4096n, 4096n));
    expect(candidates(oracle)).toEqual([0x7000n, 0x8000n]);
    write(oracle, 0xd030n, 0x9067n);
    expect(candidates(oracle)).toEqual([0x7000n, 0x8000n]);
  });

  test("[OR29] nested: a changed second stage is pending by its own rules", () => {
    const oracle = watched(entryWords.nested);
    expect(ask(oracle)).toMatchObject({ pending: false, complete: true, kind: "nested" });
    write(oracle, 0xe000n, 0x0n);
    expect(candidates(oracle)).toEqual([0x75, 0x76, 0x79, 0x7000n]);
    happen(oracle, pasidPages(5, pasid));
    expect(ask(oracle).pending).toBe(true);
    happen(oracle, domainPages(5));
    expect(candidates(oracle)).toEqual([0x75]);
    expect(ask(oracle).pending).toBe(false);
  });

  test("[OR29] a second stage under PASID is pending by page", () => {
    const oracle = watched(entryWords.secondStage);
    write(oracle, 0xe060n, 0x83n);
    expect(ask(oracle)).toMatchObject({ pending: true, kind: "tables" });
    expect(candidates(oracle)).toEqual([0x79, 0x6000n]);
    happen(oracle, pasidPages(5, pasid), onePasid(5, pasid));
    expect(ask(oracle).pending).toBe(true);
    happen(oracle, domainPages(5));
    expect(candidates(oracle)).toEqual([0x6000n]);
  });
});
