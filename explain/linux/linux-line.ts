import { messageReader } from "../message-form.ts";
import type { Recogniser } from "../recogniser.ts";
import { firstOf } from "../recogniser.ts";
import { driverForms } from "./driver-message.ts";
import { readLinuxDump } from "./fault-dump.ts";
import { readLinuxFault } from "./fault-line.ts";
import { firmwareForms } from "./firmware-message.ts";
import { interruptForms } from "./interrupt-message.ts";
import { readMappingLine } from "./mapping-line.ts";
import { readPageRequestMessage } from "./page-request-message.ts";
import { readPlainLine } from "./plain-line.ts";
import { readLinuxQueue } from "./queue-line.ts";
import { readLinuxTable } from "./table-line.ts";

/** What a line of Linux's VT-d driver says. */
export const readLinuxLine: Recogniser = firstOf([
  readLinuxFault,
  readLinuxDump,
  readLinuxQueue,
  readLinuxTable,
  readMappingLine,
  readPageRequestMessage,
  messageReader("Linux", [...firmwareForms, ...driverForms, ...interruptForms]),
  readPlainLine,
]);
