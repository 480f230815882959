import { describe, expect, it } from "vitest";
import type { Gpa } from "../events/address.ts";
import type { Input } from "../events/input.ts";
import {
  contextEntry,
  contextsOfDevice,
  iotlbOfDomain,
  iotlbOfPage,
  leafEntry,
  memory,
  page,
  queueOn,
  tables,
  topTable,
  turnOn,
  waitStatus,
} from "../properties/examples/driver.ts";
import { nvme, unit } from "../properties/examples/unit.ts";
import { auditOf, madeLog } from "./test/made-log.ts";
import { did } from "./test/wrong-drivers.ts";

const wait = waitStatus(0x9000n, 1);
const flush = (gpa: bigint): Input => ({ type: "CacheFlush", gpa: gpa as Gpa, length: 64n });

describe("an invalidation", () => {
  it("[AU2] of one page says nothing of an entry beside it that is still in the cache", () => {
    const log = madeLog()
      .add([tables, [0x1000n, contextEntry, topTable, 0x4000n, 0x5060n, leafEntry].map(flush)])
      .add([turnOn, queueOn])
      .submit([contextsOfDevice(did, nvme), iotlbOfDomain(did), wait])
      .add(memory(leafEntry + 128n, 0x2_0003n))
      .submit([iotlbOfPage(did, page), wait]);
    expect(auditOf(unit({ ecap: { c: false } }), log).serious).toEqual([]);
  });
});
