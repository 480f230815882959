import {
  asks,
  asksFor,
  deviceBooted,
  deviceUnit,
  pageResponse,
} from "../properties/examples/device-driver.ts";
import { booted, page, queueOn } from "../properties/examples/driver.ts";
import type { Inputs } from "../properties/examples/given.ts";
import { faulted } from "../properties/examples/host-scene.ts";
import { gva, pasidEntry, pasids } from "../properties/examples/scalable-driver.ts";
import { allPasids, announce } from "../properties/examples/scalable-queue.ts";
import { unit } from "../properties/examples/unit.ts";
import { logOf } from "./nesting-logs.ts";

/** A fault that the host relays, one that repeats it, and one before which three were lost. */
const faults: Inputs = [
  booted,
  queueOn,
  faulted(page + 0x1000n, "unmapped"),
  faulted(page + 0x2000n, "unmapped"),
  faulted(page + 0x3000n, "unmapped", { lost: 3 }),
];

const absent = gva + 0x1000n;

/** A page request that the host relayed; its guest unbinds the PASID before it answers. */
const unbinding: Inputs = [
  deviceBooted,
  asks("write", absent, { pasid: pasids.firstStage }),
  asksFor(absent, { write: true }),
  pasidEntry(pasids.firstStage, {}),
  announce(allPasids),
  announce(pageResponse(), 1),
];

/** Every example log of docs/host-calls.md: its name under docs/ and its text. */
export const hostLogs = (): ReadonlyMap<string, string> =>
  new Map([
    ["host/fault.ndjson", logOf(unit(), faults)],
    ["host/unbind.ndjson", logOf(deviceUnit({ ecap: { nest: false } }), unbinding)],
  ]);
