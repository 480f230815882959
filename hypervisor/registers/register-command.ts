import { sourceId } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import { Ccmd } from "../../events/registers/command.ts";
import { Iotlb, Iva } from "../../events/registers/iotlb.ts";
import type { RegisterSpec } from "../../events/registers/register.ts";
import { command } from "../../machines/registers/register-command.ts";
import { stored } from "../../projections/registers/register-file.ts";
import type { IotlbScope } from "../../projections/shadow/covered-range.ts";
import { invalidateContexts, invalidateIotlb, pageScope } from "../queue/invalidate.ts";
import type { Turn } from "../turn.ts";
import { guestIn, record, refuse } from "../turn.ts";

type ContextScope = Omit<FactOf<"ContextInvalidated">, "type">;

function contextScope(value: bigint): ContextScope {
  const { cirg, did, sid, fm } = Ccmd.decode(value);
  const { global, domain } = Ccmd.fields.cirg.names;
  if (cirg === global) return { scope: "global" };
  if (cirg === domain) return { scope: "domain", did };
  return { scope: "device", did, source: sourceId(sid), mask: fm };
}

function iotlbScope(value: bigint, address: bigint): IotlbScope {
  const { iirg, did } = Iotlb.decode(value);
  const { global, domain } = Iotlb.fields.iirg.names;
  if (iirg === global) return { scope: "global" };
  if (iirg === domain) return { scope: "domain", did };
  const { am, ih, addr } = Iva.decode(address);
  return pageScope(did, addr, am, ih);
}

/**
 * Asks the chart whether a command may run; it answers with the invalidation as a fact or with a
 * refusal.
 */
function ask(turn: Turn, type: string, granularity: number, fact: object) {
  const { charts } = guestIn(turn);
  const queueEnabled = charts.queue !== "disabled";
  const stimulus = { type, queueEnabled, granularity, fact };
  return command.step("idle", stimulus).facts[0];
}

/**
 * Software wrote CCMD with ICC set.
 *
 * @returns CAIG: the granularity that was used, 0 when nothing was invalidated.
 */
function contextCommand(turn: Turn, value: bigint): number {
  const scope = contextScope(value);
  const { cirg } = Ccmd.decode(value);
  const asked = ask(turn, "ContextCommand", cirg, scope);
  if (asked?.type === "InputRefused") {
    refuse(turn, asked.why);
    return Ccmd.fields.caig.names.none;
  }
  invalidateContexts(turn, scope);
  return cirg;
}

/**
 * Software wrote IOTLB with IVT set; page-selective commands take their address from IVA.
 *
 * @returns IAIG: the granularity that was used, 0 when nothing was invalidated.
 */
function iotlbCommand(turn: Turn, value: bigint, address: bigint): number {
  const scope = iotlbScope(value, address);
  const { iirg } = Iotlb.decode(value);
  const asked = ask(turn, "IotlbCommand", iirg, scope);
  const { mamv } = guestIn(turn).profile;
  if (asked?.type === "InputRefused") refuse(turn, asked.why);
  else if (scope.scope === "page" && Iva.decode(address).am > mamv) {
    refuse(turn, "a page-selective invalidation of more pages than CAP.MAMV allows");
  } else {
    invalidateIotlb(turn, scope);
    return iirg;
  }
  return Iotlb.fields.iaig.names.none;
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
