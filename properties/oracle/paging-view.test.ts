import { describe, expect, test } from "vitest";
import type { Gpa } from "../../events/address.ts";
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
import { createOracle } from "./oracle.ts";

/** ECAP.C and SMPWC; CAP.RWBF. */
const [c, smpwc, rwbf] = [1n, 1n << 48n, 1n << 4n];

interface Given {
  readonly coherent: boolean;
  readonly smpwc: boolean;
  readonly type?: "firstStage" | "secondStage" | "nested";
  readonly rwbf?: boolean;
  readonly keeps?: boolean;
}

const writeBack = (oracle: Oracle): boolean =>
  observe(oracle, { type: "CacheFlush", gpa: 0n as Gpa, length: 0x20000n }, []);

/** The example's tables, all of them seen, and translation on. */
function world(given: Given): Oracle {
  const { type = "firstStage", rwbf: buffers = false, keeps = false } = given;
  const ecap =
    (scalableEcap & ~(c | smpwc)) | (given.coherent ? c : 0n) | (given.smpwc ? smpwc : 0n);
  const setup = exampleSetup({ cap: buffers ? scalableCap | rwbf : scalableCap, ecap });
  const keys = [{ guest: 0, sid: nvme, page: firstPage, pasid }];
  const nearby = Array.from({ length: 32 }, (_, page) => page);
  const oracle = createOracle(setup, keys, nearby, keeps);
  for (const [gpa, ...values] of exampleRuns(entryWords[type])) write(oracle, gpa, ...values);
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
const snooped = { smpwc: true } as const;
const unsnooped = { smpwc: false } as const;

describe("paging structures below PASID entries", () => {
  for (const keeps of [false, true]) {
    test(`[OR46] with SMPWC they are seen at once, C or not; kept: ${keeps}`, () => {
      for (const coherent of [true, false]) {
        const oracle = world({ coherent, keeps, ...snooped });
        expect(now(oracle)).toBe(0x7000n);
        write(oracle, leaf, 0x8007n);
        expect(now(oracle)).toBe(0x8000n);
      }
    });

    test(`[OR46] without it they are seen once written back; kept: ${keeps}`, () => {
      for (const coherent of [true, false]) {
        const oracle = world({ coherent, keeps, ...unsnooped });
        write(oracle, leaf, 0x8007n);
        expect(now(oracle)).toBe(0x7000n);
        writeBack(oracle);
        expect(now(oracle)).toBe(0x8000n);
      }
    });
  }

  test("[OR46] PASID entries themselves are seen as ECAP.C says", () => {
    for (const sight of [snooped, unsnooped]) {
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
        const late = world({ coherent, type, smpwc: false });
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
    const oracle = world({ coherent: true, smpwc: false });
    happen(oracle, { type: "MemoryWritten", gpa: 0xd031n as Gpa, bytes: new Uint8Array([0x80]) });
    expect(now(oracle)).toBe(0x8000n);
  });

  test("[OR43] a request may find each value of a paging structure that waits", () => {
    const oracle = world({ coherent: true, smpwc: false });
    write(oracle, leaf, 0x8007n);
    write(oracle, leaf, 0x9007n);
    const { answers, waiting } = possible(oracle, 0, nvme, iova, { pasid });
    const reached = answers.map(({ read: { guest } }) => ("gpa" in guest ? guest.gpa : -1n));
    expect(reached).toEqual([0x7000n, 0x8000n, 0x9000n]);
    expect(waiting.map(({ at }) => at)).toEqual([leaf]);
  });
});
