import type { HistoricBug } from "./historic.ts";
import { historicContextBugs } from "./historic-context.ts";
import { historicDeviceBugs } from "./historic-device.ts";
import { historicInvalidationBugs } from "./historic-invalidation.ts";
import { historicQueueBugs } from "./historic-queue.ts";
import { historicReportBugs } from "./historic-report.ts";
import { historicTableBugs } from "./historic-tables.ts";

/** What others got wrong before, by what it is about. */
export const historicBugs: readonly HistoricBug[] = [
  ...historicQueueBugs,
  ...historicInvalidationBugs,
  ...historicContextBugs,
  ...historicTableBugs,
  ...historicDeviceBugs,
  ...historicReportBugs,
];
