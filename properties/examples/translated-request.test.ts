import { describe, expect, test } from "vitest";
import { reason } from "../../events/fault/fault-reason.ts";
import { asks, uses } from "./device-driver.ts";
import { first, holding, landed, ready, recordOf } from "./device-scene.ts";
import {
  contextEntry,
  contextsOfAll,
  memory,
  page,
  protect,
  tables,
  topTable,
  turnOn,
  width4,
  write,
} from "./driver.ts";
import { given } from "./given.ts";
import { context, data, gva, pasidEntry, pasids, readsAs } from "./scalable-driver.ts";
import { announce } from "./scalable-queue.ts";
import { hostBase, unit } from "./unit.ts";

describe("translation requests", () => {
  test("[AT5] an accessed bit that cannot be set is reported, and answered with nothing", () => {
    const scene = ready.when(protect(0n, 0x20_0000n, true, false), asks("read", gva, first));
    expect(scene.of("TranslationAnswered")).toMatchObject([{ read: false, write: false }]);
    expect(recordOf(scene)).toMatchObject({ fr: reason.accessedDirtyFailed, at: 1 });
  });

  test("[AT5] a request that asks to write, and then to read, reports it once", () => {
    const scene = ready.when(protect(0n, 0x20_0000n, true, false), asks("write", gva, first));
    expect(scene.of("TranslationAnswered")).toMatchObject([{ read: false, write: false }]);
    expect(scene.of("FaultRecorded")).toHaveLength(1);
    expect(scene.of("FaultCollapsed")).toHaveLength(0);
  });
});

describe("translated requests", () => {
  test("[AT12] they are blocked once DTE is seen to be clear, and reported as translated", () => {
    const cleared = holding.when(context({ dte: false }));
    expect(landed(cleared, uses("read", gva, first))).toBe(hostBase + data);
    const seen = cleared.when(announce(contextsOfAll), uses("read", gva, first));
    expect(seen.of("DmaBlocked")).toMatchObject([{ reason: 0x44 }]);
    expect(recordOf(seen)).toMatchObject({ fr: 0x44, at: 2, pp: true });
    const gone = cleared.when(context({ present: false }), announce(contextsOfAll));
    expect(recordOf(gone.when(uses("read", gva, first)))).toMatchObject({ fr: 0x41, at: 2 });
    const legacy = given(
      unit(),
      tables,
      memory(contextEntry, topTable | 5n, width4(5)),
      turnOn,
    ).when(asks("read", page), memory(contextEntry, topTable | 1n, width4(5)));
    const shut = legacy.when(write(0x2c, 0xa000_0000n), uses("read", page));
    expect(recordOf(shut)).toMatchObject({ fr: reason.typeBlocked, at: 2 });
  });

  test("[AT13] the PASID table has no part in a translated request", () => {
    const gone = pasidEntry(pasids.firstStage, { present: false });
    const scene = holding.when(gone, announce(contextsOfAll), uses("read", gva, first));
    expect(scene.of("DmaLanded")).toHaveLength(1);
    expect(scene.when(readsAs(pasids.firstStage, gva)).of("DmaBlocked")).toMatchObject([
      { reason: 0x59 },
    ]);
  });
});
