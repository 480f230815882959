import { expect, test } from "vitest";
import { callsAfterFailure } from "../../calls/after-failure.ts";
import type { Call } from "../../calls/call.ts";
import { callsOf } from "../../calls/calls-of.ts";
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
