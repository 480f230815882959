import { frozen } from "../events/frozen.ts";
import type { AnyChart } from "./chart.ts";
import { translation } from "./context/translation.ts";
import { deviceTlb } from "./device/device-tlb.ts";
import { dmaRequest } from "./device/dma-request.ts";
import { faultRecording } from "./fault/fault-recording.ts";
import { hostEntry } from "./host/host-entry.ts";
import { keepingOut } from "./host/keeping-out.ts";
import { remapping } from "./interrupt/remapping.ts";
import { lifeCycle } from "./life/life-cycle.ts";
import { pageGroup } from "./page-request/page-group.ts";
import { pageRequestQueue } from "./page-request/page-request-queue.ts";
import { queue } from "./queue/queue.ts";
import { eventLine } from "./registers/event-line.ts";
import { protection } from "./registers/protection.ts";
import { registerCommand } from "./registers/register-command.ts";

/** Every chart, in the order in which software meets its unit. */
export const charts: readonly AnyChart[] = frozen([
  lifeCycle,
  translation,
  queue,
  registerCommand,
  faultRecording,
  eventLine,
  remapping,
  protection,
  hostEntry,
  keepingOut,
  dmaRequest,
  deviceTlb,
  pageGroup,
  pageRequestQueue,
]);
