import { describe, expect, test } from "vitest";
import {
  allPages,
  ask,
  candidates,
  contexts,
  domainPasids,
  onePasid,
  pasid,
  watched,
} from "./example-history.ts";
import { entryWords, nvme, places, scalableCap } from "./example-tables.ts";
import { happen, write } from "./example-world.ts";

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

  test("[OR26] what a PASID's entry names is watched once somebody names the PASID", () => {
    const oracle = watched();
    const [low, high] = entryWords.secondStage;
    write(oracle, places.entry + 64n, low, high);
    happen(oracle, onePasid(5, pasid + 1));
    write(oracle, 0xe060n, 0x83n);
    write(oracle, places.entry, low, high, 0n);
    happen(oracle, onePasid(5, pasid));
    expect(ask(oracle)).toMatchObject({ pending: true, complete: true, kind: "tables" });
    expect(candidates(oracle)).toEqual([0x79, 0x6000n]);
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
