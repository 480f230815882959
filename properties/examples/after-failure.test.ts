import { expect, test } from "vitest";
import { callsAfterFailure, unfinishedAfter } from "../../calls/after-failure.ts";
import type { Call } from "../../calls/call.ts";
import { callsAtStart, callsOf } from "../../calls/calls-of.ts";
import type { SourceId } from "../../events/address.ts";
import type { Input } from "../../events/input.ts";
import { stepOf } from "../../history/step.ts";
import {
  command,
  contextEntry,
  contextsOfAll,
  iotlbOfAll,
  leafEntry,
  memory,
  queueOn,
  submit,
  tables,
  te,
  topTable,
  turnOn,
  width4,
} from "./driver.ts";
import { flat, given } from "./given.ts";
import { named } from "./host-scene.ts";
import { dids, pasids } from "./scalable-driver.ts";
import { announce, onePasid } from "./scalable-queue.ts";
import { ready as scalable } from "./scalable-scene.ts";
import { nvme, unit } from "./unit.ts";

const second = (nvme + 8) as SourceId;

test("[HK23] who was to leave a space is kept out where taking from it failed", () => {
  const devices = [nvme, second].map((device) => ({ device, physical: true }));
  const both = memory(contextEntry + 0x80n, topTable | 1n, width4(5));
  const on = given(unit({ devices }), queueOn, tables, both, turnOn, command(te | (1n << 26n)));
  const leaves = memory(contextEntry, topTable | 1n, width4(6));
  const inputs = flat([leaves, memory(leafEntry, 0n), submit(contextsOfAll, iotlbOfAll)]);
  const step = stepOf(on.when(inputs.slice(0, -1)).world, inputs.at(-1) as Input);
  const [unmap] = callsOf(step, 0);
  expect(named([unmap as Call])).toEqual(["unmap 1"]);
  const after = callsAfterFailure(step.after, unmap as Call, "timedOut", 0, step.before);
  expect(named(after).toSorted()).toEqual([`attach ${nvme}`, `attach ${second}`]);
});

test("[HK23] a table over a space that is unfinished is unfinished, too", () => {
  const { world } = scalable.when(announce(onePasid(dids.firstStage, pasids.firstStage)));
  const made = callsAtStart(world, 0).find(({ call }) => call === "createTable");
  const { table, over } = made as Extract<Call, { call: "createTable" }>;
  const failed: Call = { call: "unmap", space: over, input: 0x7000n, length: 0x1000n };
  expect([...unfinishedAfter(world, [failed], 0)]).toContain(`table ${table}`);
});
