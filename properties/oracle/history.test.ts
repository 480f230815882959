import { describe, expect, test } from "vitest";
import type { Gpa, Hpa, SourceId } from "../../events/address.ts";
import type { Fact } from "../../events/fact.ts";
import {
  ask,
  cap,
  exampleSetup,
  flushPage,
  fourLevels,
  happen,
  iova,
  nvme,
  nvmeEntry,
  write,
} from "./example-world.ts";
import type { Oracle } from "./oracle.ts";

const keys = [{ guest: 0, sid: nvme, page: 0x1806 }];
const watched = (setup = exampleSetup()): Oracle => fourLevels(setup, keys);

/** The GPAs, or fault numbers, of the candidates for a read. */
const candidates = (oracle: Oracle): readonly (bigint | number)[] =>
  ask(oracle).candidates.map(({ read: { guest } }) => {
    if ("gpa" in guest) return guest.gpa;
    return "fault" in guest ? guest.fault : -1;
  });

const forDevice = (did: number, source: number, mask = 0): Fact => ({
  type: "ContextInvalidated",
  scope: "device",
  did,
  source: source as SourceId,
  mask,
});
const forDomain = (did: number): Fact => ({ type: "ContextInvalidated", scope: "domain", did });
const allContexts: Fact = { type: "ContextInvalidated", scope: "global" };
const allPages: Fact = { type: "IotlbInvalidated", scope: "global" };
const domainPages = (did: number): Fact => ({ type: "IotlbInvalidated", scope: "domain", did });

describe("pending pages", () => {
  test("[OR12] a changed leaf is pending until its page of its domain is invalidated", () => {
    const oracle = watched();
    expect(ask(oracle)).toMatchObject({ pending: false, complete: true });
    write(oracle, 0x6030n, 0x8003n);
    write(oracle, 0x6030n, 0x9003n);
    expect(candidates(oracle)).toEqual([0x7000n, 0x8000n, 0x9000n]);
    happen(oracle, flushPage(6, iova), flushPage(5, iova + 0x1000n), domainPages(0));
    expect(ask(oracle).pending).toBe(true);
    happen(oracle, flushPage(5, iova));
    expect(ask(oracle).pending).toBe(false);
    expect(candidates(oracle)).toEqual([0x9000n]);
  });

  test("[OR12] a word that changed and changed back is pending all the same", () => {
    const oracle = watched();
    write(oracle, 0x6030n, 0n);
    write(oracle, 0x6030n, 0x7003n);
    expect(ask(oracle).pending).toBe(true);
    expect(candidates(oracle)).toEqual([0x7000n, 6]);
    write(oracle, 0x6038n, 0x7003n);
    happen(oracle, domainPages(5));
    expect(ask(oracle).pending).toBe(false);
  });

  test("[OR12] an invalidation of leaves alone leaves a changed upper entry pending", () => {
    const oracle = watched();
    write(oracle, 0xa030n, 0xb003n);
    write(oracle, 0x5060n, 0xa003n);
    happen(oracle, flushPage(5, iova, true));
    expect(ask(oracle).pending).toBe(true);
    expect(candidates(oracle)).toEqual([0x7000n, 0xb000n]);
    happen(oracle, flushPage(5, iova));
    write(oracle, 0xa030n, 0xc003n);
    happen(oracle, flushPage(5, iova, true));
    expect(ask(oracle).pending).toBe(false);
    expect(candidates(oracle)).toEqual([0xc000n]);
  });

  test("[OR12] bytes of the vIOMMU and of devices change tables as well", () => {
    const oracle = watched();
    const byte = new Uint8Array([0x90]);
    happen(oracle, { type: "MemoryWritten", gpa: 0x6031n as Gpa, bytes: byte });
    expect(candidates(oracle)).toEqual([0x7000n, 0x9000n]);
    const hpa = 0x1_0000_6031n as Hpa;
    happen(oracle, { type: "DmaLanded", device: nvme, access: "write", hpa, bytes: byte });
    happen(oracle, {
      type: "DmaLanded",
      device: nvme,
      access: "write",
      hpa,
      bytes: new Uint8Array([0xa0]),
    });
    expect(candidates(oracle)).toEqual([0x7000n, 0x9000n, 0xa000n]);
  });

  test("[OR12] a key that was not watched is not complete before an invalidation covers it", () => {
    const oracle = fourLevels();
    expect(ask(oracle)).toMatchObject({ pending: true, complete: false });
    happen(oracle, flushPage(5, iova));
    expect(ask(oracle)).toMatchObject({ pending: false, complete: true });
  });
});

describe("pending contexts", () => {
  test("[OR13] the candidates are all contexts with all that their tables said", () => {
    const oracle = watched();
    write(oracle, nvmeEntry, 0xd001n, 0x0602n);
    write(oracle, 0xd000n, 0x4003n);
    write(oracle, 0x6030n, 0x8003n);
    expect(candidates(oracle)).toEqual([0x7000n, 0x8000n, 6]);
    happen(oracle, domainPages(6));
    expect(candidates(oracle)).toEqual([0x7000n, 0x8000n]);
    happen(oracle, forDevice(5, nvme));
    expect(candidates(oracle)).toEqual([0x8000n]);
    expect(ask(oracle).pending).toBe(false);
  });

  test("[OR13] the domain-id is that of the cached entry; 0 for one that was not present", () => {
    const oracle = watched();
    write(oracle, nvmeEntry, 0n);
    happen(oracle, forDevice(0, nvme), forDomain(6), forDevice(5, nvme + 8));
    expect(ask(oracle).pending).toBe(true);
    happen(oracle, forDomain(5));
    expect(ask(oracle).pending).toBe(false);
    write(oracle, nvmeEntry, 0x3001n);
    happen(oracle, forDomain(5));
    expect(candidates(oracle)).toEqual([2, 0x7000n]);
    happen(oracle, forDevice(0, nvme));
    expect(candidates(oracle)).toEqual([0x7000n]);
  });

  test("[OR13] FM leaves function bits out of the comparison", () => {
    const covers = (source: number, mask: number): boolean => {
      const oracle = watched();
      write(oracle, nvmeEntry, 0n);
      happen(oracle, forDevice(5, source, mask));
      return !ask(oracle).pending;
    };
    const other = [1, 2, 4, 6, 7, 8].map((by) => nvme ^ by);
    const masks = [0, 1, 2, 3].map((mask) => other.map((source) => covers(source, mask)));
    expect(masks).toEqual([
      [false, false, false, false, false, false],
      [false, false, true, false, false, false],
      [false, true, true, true, false, false],
      [true, true, true, true, true, false],
    ]);
  });

  test("[OR13] without CM an entry that was not present is not cached", () => {
    const oracle = watched(exampleSetup({ cap: cap & ~0x80n }));
    write(oracle, nvmeEntry, 0n);
    expect(ask(oracle).pending).toBe(true);
    happen(oracle, allContexts);
    write(oracle, nvmeEntry, 0x3001n);
    expect(ask(oracle).pending).toBe(false);
  });

  test("[OR14] a replaced root pointer leaves all pending until both global invalidations", () => {
    const oracle = watched();
    const again: Fact = { type: "RootPointerLatched", value: 0x1000n };
    happen(oracle, again, forDevice(5, nvme), domainPages(5), allPages);
    expect(ask(oracle).pending).toBe(true);
    happen(oracle, allContexts);
    expect(ask(oracle).pending).toBe(false);
    const selfInvalidating = watched(exampleSetup({ cap: cap | (1n << 63n) }));
    happen(selfInvalidating, again);
    expect(ask(selfInvalidating).pending).toBe(false);
  });

  test("[OR14] turning translation on starts clean, a reset turns it off", () => {
    const oracle = watched();
    write(oracle, 0x6030n, 0x8003n);
    happen(oracle, { type: "TranslationDisabled" }, { type: "TranslationEnabled" });
    expect(ask(oracle).pending).toBe(false);
    expect(candidates(oracle)).toEqual([0x8000n]);
  });
});
