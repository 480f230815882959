/**
 * The xstate charts that decide where each unit goes.
 *
 * @module shadowfold/machines
 */

import { translation } from "../machines/context/translation.ts";
import { deviceTlb } from "../machines/device/device-tlb.ts";
import { request } from "../machines/device/dma.ts";
import { translationRequest } from "../machines/device/translation-request.ts";
import { faultRecording } from "../machines/fault/fault-recording.ts";
import { attachment } from "../machines/host/attachment.ts";
import { interrupt } from "../machines/interrupt/interrupt.ts";
import { remapping } from "../machines/interrupt/remapping.ts";
import { lifeCycle } from "../machines/life/life-cycle.ts";
import { pageGroup } from "../machines/page-request/page-group.ts";
import { pageRequestQueue } from "../machines/page-request/page-request-queue.ts";
import { queue } from "../machines/queue/queue.ts";
import { eventLine } from "../machines/registers/event-line.ts";
import { protection } from "../machines/registers/protection.ts";
import { command } from "../machines/registers/register-command.ts";

export type { CompiledChart, Step as ChartStep, Stimulus } from "../machines/chart.ts";

/**
 * One chart for each architectural unit. Its `machine` is the xstate definition, to draw or to
 * enumerate; `step` is the same, compiled: from a state and a stimulus to the next state and the
 * facts that follow.
 */
export const charts = {
  attachment,
  command,
  deviceTlb,
  eventLine,
  faultRecording,
  interrupt,
  lifeCycle,
  pageGroup,
  pageRequestQueue,
  protection,
  queue,
  remapping,
  request,
  translation,
  translationRequest,
};
