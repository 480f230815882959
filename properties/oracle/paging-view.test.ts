import { describe, expect, test } from "vitest";
import type { Gpa } from "../../events/address.ts";
import type { Fact } from "../../events/fact.ts";
import { possible } from "./any-sight.ts";
import { iova, pasid } from "./example-history.ts";
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
import { expected } from "./expected.ts";
import { observe } from "./observe.ts";
import type { Oracle } from "./oracle.ts";
import { createOracle, noDelays } from "./oracle.ts";

/** ECAP.C and SMPWC; PWSNP of a PASID entry; CAP.RWBF. */
const [c, smpwc, pwsnp, rwbf] = [1n, 1n << 48n, 1n << 23n, 1n << 4n];

interface Given {
  readonly coherent: boolean;
  /** SMPWC, and PWSNP of every entry. */
  readonly smpwc: boolean;
  readonly pwsnp: boolean;
  readonly type?: "firstStage" | "secondStage" | "nested";
  readonly rwbf?: boolean;
  readonly keeps?: boolean;
  readonly delays?: typeof noDelays;
}

const writeBack = (oracle: Oracle): boolean =>
  observe(oracle, { type: "CacheFlush", gpa: 0n as Gpa, length: 0x20000n }, []);

/** The example's tables, all of them seen, and translation on. */
function world(given: Given): Oracle {
  const { type = "firstStage", rwbf: buffers = false, keeps = false, delays } = given;
  const ecap =
    (scalableEcap & ~(c | smpwc)) | (given.coherent ? c : 0n) | (given.smpwc ? smpwc : 0n);
  const setup = exampleSetup({ cap: buffers ? scalableCap | rwbf : scalableCap, ecap });
  const keys = [{ guest: 0, sid: nvme, page: firstPage, pasid }];
  const nearby = Array.from({ length: 32 }, (_, page) => page);
  const oracle = createOracle(setup, keys, nearby, keeps, delays);
  const [low, high, third] = entryWords[type];
  const words = [low, given.pwsnp ? high | pwsnp : high, third] as const;
  for (const [gpa, ...values] of exampleRuns(words)) write(oracle, gpa, ...values);
  writeBack(oracle);
  happen(
    oracle,
    { type: "WriteBufferFlushed" },
    { type: "RootPointerLatched", value: 0x1400n },
    { type: "TranslationEnabled" },
  );
  return oracle;
}

/** What a read comes to as memory is seen now. */
function now(oracle: Oracle): bigint | number {
  const found = expected(oracle, 0, nvme, iova, { pasid })?.read.guest ?? { interrupt: true };
  return "gpa" in found ? found.gpa : "fault" in found ? found.fault : -1;
}

const leaf = 0xd030n;
const snooped = { smpwc: true, pwsnp: true } as const;
const unsnooped = [
  { smpwc: false, pwsnp: false },
  { smpwc: true, pwsnp: false },
] as const;

describe("paging structures below PASID entries", () => {
  for (const keeps of [false, true]) {
    test(`[OR46] with SMPWC and PWSNP they are seen at once, C or not; kept: ${keeps}`, () => {
      for (const coherent of [true, false]) {
        const oracle = world({ coherent, keeps, ...snooped });
        expect(now(oracle)).toBe(0x7000n);
        write(oracle, leaf, 0x8007n);
        expect(now(oracle)).toBe(0x8000n);
      }
    });

    test(`[OR46] without either they are seen once written back; kept: ${keeps}`, () => {
      for (const coherent of [true, false]) {
        for (const sight of unsnooped) {
          const oracle = world({ coherent, keeps, ...sight });
          write(oracle, leaf, 0x8007n);
          expect(now(oracle)).toBe(0x7000n);
          writeBack(oracle);
          expect(now(oracle)).toBe(0x8000n);
        }
      }
    });
  }

  test("[OR46] PASID entries themselves are seen as ECAP.C says", () => {
    for (const sight of [snooped, ...unsnooped]) {
      const seen = world({ coherent: true, ...sight });
      write(seen, places.entry, 0n);
      expect(now(seen)).toBe(0x59);
      const late = world({ coherent: false, ...sight });
      write(late, places.entry, 0n);
      expect(now(late)).toBe(0x7000n);
      writeBack(late);
      expect(now(late)).toBe(0x59);
    }
  });

  test("[OR46] so are second stages, alone and behind a first one", () => {
    // Another 2 MiB for the page itself, and for the tables of the first stage.
    const changes = [
      ["secondStage", 0xe060n, 0x79, 0x6000n],
      ["nested", 0xe000n, 0x7000n, undefined],
    ] as const;
    for (const [type, entry, before, after] of changes) {
      for (const coherent of [true, false]) {
        const early = world({ coherent, type, ...snooped });
        expect(now(early)).toBe(before);
        write(early, entry, type === "nested" ? 0x80_0083n : 0x83n);
        if (after === undefined) expect(now(early)).not.toBe(before);
        else expect(now(early)).toBe(after);
        const late = world({ coherent, type, smpwc: false, pwsnp: false });
        write(late, entry, type === "nested" ? 0x80_0083n : 0x83n);
        expect(now(late)).toBe(before);
        writeBack(late);
        expect(now(late)).not.toBe(before);
      }
    }
  });

  test("[OR46] the write buffer holds them as it does all else", () => {
    const oracle = world({ coherent: true, rwbf: true, ...snooped });
    write(oracle, leaf, 0x8007n);
    expect(now(oracle)).toBe(0x7000n);
    happen(oracle, { type: "WriteBufferFlushed" });
    expect(now(oracle)).toBe(0x8000n);
  });

  test("[OR46] what the unit and devices write is seen by either view", () => {
    const oracle = world({ coherent: true, smpwc: false, pwsnp: false });
    happen(oracle, { type: "MemoryWritten", gpa: 0xd031n as Gpa, bytes: new Uint8Array([0x80]) });
    expect(now(oracle)).toBe(0x8000n);
  });

  test("[OR43] a request may find each value of a paging structure that waits", () => {
    const oracle = world({ coherent: true, smpwc: false, pwsnp: false });
    write(oracle, leaf, 0x8007n);
    write(oracle, leaf, 0x9007n);
    const { answers, waiting } = possible(oracle, 0, nvme, iova, { pasid });
    const reached = answers.map(({ read: { guest } }) => ("gpa" in guest ? guest.gpa : -1n));
    expect(reached).toEqual([0x7000n, 0x8000n, 0x9000n]);
    expect(waiting.map(({ at }) => at)).toEqual([leaf]);
  });

  test("[OR46] each entry has its own say, also of tables that it shares", () => {
    const oracle = world({ coherent: true, type: "secondStage", smpwc: true, pwsnp: true });
    const [low, high, third] = entryWords.secondStage;
    write(oracle, places.ridEntry, low, high, third);
    expected(oracle, 0, nvme, iova);
    happen(
      oracle,
      { type: "PasidCacheInvalidated", scope: "global" },
      { type: "IotlbInvalidated", scope: "global" },
    );
    write(oracle, 0xe060n, 0x83n);
    const rid = () => expected(oracle, 0, nvme, iova)?.read.guest;
    expect(now(oracle)).toBe(0x6000n);
    expect(rid()).toMatchObject({ fault: 0x79 });
    const all = expected(oracle, 0, nvme, iova)?.candidates ?? [];
    expect(all.filter(({ read }) => "gpa" in read.guest)).toEqual([]);
    writeBack(oracle);
    expect(rid()).toMatchObject({ gpa: 0x6000n });
  });

  test("[OR46] a unit that is made anew sees what was written, by either view", () => {
    const oracle = createOracle(exampleSetup({ cap: scalableCap, ecap: c }));
    for (const [gpa, ...values] of exampleRuns(entryWords.firstStage))
      write(oracle, gpa, ...values);
    const words = { ver: 0x10n, cap: scalableCap, ecap: (scalableEcap & ~smpwc) | c };
    happen(
      oracle,
      { type: "UnitCreated", ...words } as Fact,
      { type: "RootPointerLatched", value: 0x1400n },
      { type: "TranslationEnabled" },
    );
    expect(now(oracle)).toBe(0x7000n);
    write(oracle, leaf, 0x8007n);
    expect(now(oracle)).toBe(0x7000n);
    writeBack(oracle);
    expect(now(oracle)).toBe(0x8000n);
  });

  test("[OR46] an oracle that is told to knows one view alone", () => {
    const oracle = world({ coherent: true, smpwc: false, pwsnp: false, delays: noDelays });
    write(oracle, leaf, 0x8007n);
    expect(now(oracle)).toBe(0x8000n);
  });
});
