import { describe, expect, test } from "vitest";
import {
  allPages,
  ask,
  candidates,
  domainPages,
  iova,
  onePasid,
  pasid,
  pasidPages,
  somePages,
  watched,
} from "./example-history.ts";
import { entryWords } from "./example-tables.ts";
import { happen, write } from "./example-world.ts";

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

  test("[OR28] upper entries survive an invalidation of leaves and lead to what is there", () => {
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
