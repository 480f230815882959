import { sourceId } from "../events/address.ts";
import type { FactOf } from "../events/fact.ts";
import { Ccmd } from "../events/registers/command.ts";
import { Iotlb, Iva } from "../events/registers/iotlb.ts";
import type { IotlbScope } from "../projections/iotlb-scope.ts";
import { command } from "./charts/command.ts";
import { invalidateContexts, invalidateIotlb, pageScope } from "./invalidate.ts";
import type { Turn } from "./turn.ts";
import { guestIn, refuse } from "./turn.ts";

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

/** Software wrote CCMD with ICC set. */
export function contextCommand(turn: Turn, value: bigint): void {
  const scope = contextScope(value);
  const asked = ask(turn, "ContextCommand", Ccmd.decode(value).cirg, scope);
  if (asked?.type === "InputRefused") refuse(turn, asked.why);
  else invalidateContexts(turn, scope);
}

/** Software wrote IOTLB with IVT set; page-selective commands take their address from IVA. */
export function iotlbCommand(turn: Turn, value: bigint, address: bigint): void {
  const scope = iotlbScope(value, address);
  const asked = ask(turn, "IotlbCommand", Iotlb.decode(value).iirg, scope);
  const { mamv } = guestIn(turn).profile;
  if (asked?.type === "InputRefused") refuse(turn, asked.why);
  else if (scope.scope === "page" && Iva.decode(address).am > mamv) {
    refuse(turn, "a page-selective invalidation of more pages than CAP.MAMV allows");
  } else invalidateIotlb(turn, scope);
}
