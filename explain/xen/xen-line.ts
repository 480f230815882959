import type { Recogniser } from "../recogniser.ts";
import { firstOf } from "../recogniser.ts";
import { readXenFault } from "./fault-line.ts";
import { startXenInterrupts } from "./interrupt-dump.ts";
import { startXenMaps } from "./map-rows.ts";
import { startXenRegisters } from "./register-dump.ts";
import { readXenDump } from "./table-dump.ts";
import { readXenMessage } from "./xen-message.ts";

/** Starts to read what Xen's VT-d driver and its debug keys print. */
export const startXen = (): Recogniser =>
  firstOf([
    readXenFault,
    readXenDump,
    startXenRegisters(),
    startXenInterrupts(),
    startXenMaps(),
    readXenMessage,
  ]);
