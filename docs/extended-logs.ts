import type { Setup } from "../events/setup.ts";
import {
  context,
  extendedOn,
  extendedQueue,
  extendedTables,
  extendedUnit,
  nested,
  own,
} from "../properties/examples/extended-driver.ts";
import type { Inputs } from "../properties/examples/given.ts";
import { data, gva, other, readsAs } from "../properties/examples/scalable-driver.ts";
import { sharedMemoryOf2016 } from "./extended-svm.ts";
import { faults, looks, note, reaches } from "./nesting-steps.ts";

const boots = (...tables: readonly Inputs[]): Inputs => [
  looks,
  note("It builds extended contexts and a PASID table, and turns translation on with RTT."),
  extendedTables,
  ...tables,
  extendedOn,
  extendedQueue,
];

/** A unit of version 2.x without nesting, and a guest that sets NESTE all the same. */
const nestingOff: Inputs = [
  boots(context({ neste: true })),
  note("NESTE is set in the context entry of 00:04.0, and not in that of 00:05.0."),
  faults(readsAs(own, gva), 0xb),
  reaches(readsAs(own, gva, other), data),
];

/** One that has it: first stage, second stage, P2M. */
const nestingOn: Inputs = [
  boots(nested),
  note("00:04.0 uses PASID 0x41: PASID table and first stage lie behind the second stage."),
  reaches(readsAs(own, gva), data),
];

/** The logs of extended contexts in docs/nesting.md: name under docs/, set-up, inputs. */
export const extendedLogs: readonly (readonly [name: string, setup: Setup, inputs: Inputs])[] = [
  ["nesting/extended-nest-off.ndjson", extendedUnit({ ecap: { nest: false } }), nestingOff],
  ["nesting/extended-nest-on.ndjson", extendedUnit(), nestingOn],
  sharedMemoryOf2016,
];
