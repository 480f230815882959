import { contextScope, iotlbScope } from "../../events/queue/descriptor-scope.ts";
import { Ccmd } from "../../events/registers/command.ts";
import { Iotlb, Iva } from "../../events/registers/iotlb.ts";
import type { RegisterSpec } from "../../events/registers/register.ts";
import type { RegisterCommandStimulus } from "../../machines/registers/register-command.ts";
import { registerCommand } from "../../machines/registers/register-command.ts";
import { stored } from "../../projections/registers/registers.ts";
import { invalidateContexts, invalidateIotlb } from "../queue/carry-out-invalidation.ts";
import type { Turn } from "../turn.ts";
import { ask, guestIn, record } from "../turn.ts";

/** The scope that stands for a reserved granularity, whose command is refused. */
const noScope = { scope: "global" } as const;

/**
 * Tells the chart of a command. A refusal is recorded.
 *
 * @returns whether it may run.
 */
function mayRun(turn: Turn, stimulus: RegisterCommandStimulus): boolean {
  const [told] = ask(turn, registerCommand, registerCommand.initial, stimulus);
  if (told?.type === "InputRefused") record(turn, told);
  return told?.type !== "InputRefused";
}

const isQueueOn = (turn: Turn): boolean => guestIn(turn).queue.state !== "disabled";

/**
 * Software wrote CCMD with ICC set.
 *
 * @returns CAIG: the granularity that was used, 0 when nothing was invalidated.
 */
function contextCommand(turn: Turn, value: bigint): number {
  const { cirg: granularity, ...fields } = Ccmd.decode(value);
  const scope = contextScope(granularity, fields) ?? noScope;
  const queueEnabled = isQueueOn(turn);
  if (!mayRun(turn, { type: "ContextCommand", queueEnabled, granularity, scope })) {
    return Ccmd.fields.caig.names.none;
  }
  invalidateContexts(turn, scope);
  return granularity;
}

/**
 * Software wrote IOTLB with IVT set; page-selective commands take their address from IVA.
 *
 * @returns IAIG: the granularity that was used, 0 when nothing was invalidated.
 */
function iotlbCommand(turn: Turn, value: bigint, address: bigint): number {
  const { iirg: granularity, did } = Iotlb.decode(value);
  const pages = Iva.decode(address);
  const fact = iotlbScope(granularity, { did, ...pages });
  const scope = fact ?? noScope;
  const am = scope.scope === "page" ? pages.am : 0;
  const { mamv } = guestIn(turn).profile;
  const queueEnabled = isQueueOn(turn);
  const stimulus = { type: "IotlbCommand", queueEnabled, granularity, scope, am, mamv } as const;
  if (!mayRun(turn, stimulus) || fact === undefined) {
    return Iotlb.fields.iaig.names.none;
  }
  invalidateIotlb(turn, fact);
  return granularity;
}

function keep(turn: Turn, offset: number, value: bigint): void {
  if (stored(guestIn(turn), offset) === value) return;
  record(turn, { type: "RegisterSet", offset, value });
}

/**
 * CCMD and IOTLB: the command runs before software can look, so its request bit never stays; the
 * granularity that was used is shown beside the one that was asked for.
 */
export function writeInvalidation(turn: Turn, spec: RegisterSpec, value: bigint): void {
  const isContext = spec.name === "CCMD";
  const [request, used] = isContext
    ? [Ccmd.mask("icc"), Ccmd.mask("caig")]
    : [Iotlb.mask("ivt"), Iotlb.mask("iaig")];
  const asks = (value & request) !== 0n;
  keep(turn, spec.offset, value & ~request);
  if (!asks) return;
  const { profile } = guestIn(turn);
  const granularity = isContext
    ? contextCommand(turn, value)
    : iotlbCommand(turn, value, stored(guestIn(turn), profile.iro));
  const lowest = used & -used;
  keep(turn, spec.offset, (value & ~(request | used)) | (BigInt(granularity) * lowest));
}
