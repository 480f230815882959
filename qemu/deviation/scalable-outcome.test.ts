import { expect, test } from "vitest";
import { memory } from "../../properties/examples/driver.ts";
import { given } from "../../properties/examples/given.ts";
import {
  context,
  pasidDirectory,
  pasidDma,
  pasidEntry,
  pasidTable,
  passThroughEntry,
  scalableOn,
  scalableTables,
  scalableUnit,
  secondStageEntry,
} from "../../properties/examples/scalable-driver.ts";
import { nvme } from "../../properties/examples/unit.ts";
import type { Contexts, Situation } from "../../target/deviation.ts";
import { noContexts } from "../../target/known.ts";
import { noPast } from "../../target/past.ts";
import { entriesRead } from "../../target/table-view.ts";
import { contextsAfter } from "./context-memory.ts";
import { doneByQemu } from "./scalable-outcome.ts";

/** A device whose PASID entry is not present, and whose faults are not to be recorded. */
const scene = given(
  scalableUnit(),
  scalableTables,
  context({ ridPasid: 0 }),
  memory(pasidDirectory, pasidTable | 1n),
  pasidEntry(0, secondStageEntry({ present: false, fpd: true })),
  scalableOn,
);

const input = pasidDma("read", 0x4000_0000n, {});

/** What the target did, by what is known of what it remembers. */
function done(target: string, contexts: Partial<Contexts>) {
  const { world } = scene;
  const before = scene.guest();
  const past = noPast();
  const situation: Situation = {
    ...{ what: "dma", target, model: "blocked", input, before, after: before, facts: [], world },
    past: { ...past, contexts: { ...past.contexts, ...contexts } },
    ...{ reached: undefined, message: undefined, isTraced: true },
  };
  return doneByQemu(situation);
}

test("[QF17] of who may have been passed through no context entry is sure to be kept", () => {
  const read = entriesRead(scene.guest(), nvme).find(({ table }) => table === "context");
  const entries = new Map([[nvme as number, read?.entry ?? 0n]]);
  const lately = new Set([nvme as number]);
  // Read anew, the entry that is missing is found so, and QEMU records that although FPD is set.
  expect(done("fault 0x59", {})).toMatchObject({ isDone: true });
  expect([...done("fault 0x59", {}).met]).toEqual(["pasid-fpd-ignored"]);
  // Behind a context entry that is remembered nobody looks whether it is there.
  expect(done("fault 0x59", { entries })).toMatchObject({ isDone: false });
  const either = done("fault 0x59", { entries, lately });
  expect([either.isDone, [...either.met]]).toEqual([true, ["pasid-fpd-ignored"]]);
  // What neither of the two does stays a difference.
  expect(done("fault 0x5b", { entries, lately })).toMatchObject({ isDone: false });
  expect([...done("fault 0x5b", { entries, lately }).met]).toContain("pasid-presence-ignored");
});

test("[QF17] who is passed through by the context entry in memory may be so since a flush", () => {
  const passed = scene.when(pasidEntry(0, passThroughEntry()));
  const read = entriesRead(passed.guest(), nvme).find(({ table }) => table === "context");
  // The entry that is remembered has another directory, in which nothing is present.
  const entries = new Map([[nvme as number, (read?.entry ?? 0n) ^ 0x4000n]]);
  const flush = { type: "PasidCacheInvalidated", scope: "global" } as const;
  const contexts = contextsAfter({ ...noContexts, entries }, flush, passed.world);
  expect([contexts.lately.has(nvme), contexts.passing.has(nvme)]).toEqual([true, false]);
  expect([...done("page 0x40000", contexts).met]).toEqual(["pass-through-kept"]);
  expect(done("page 0x40000", { entries })).toMatchObject({ isDone: false });
});
