import { pageOf } from "../events/address.ts";
import type { Fact, FactOf, FactType } from "../events/fact.ts";
import type { InputOf } from "../events/input.ts";
import type { Step } from "../history/step.ts";
import { requestWorld } from "../hypervisor/device/request-world.ts";
import { askOf } from "../hypervisor/device/rights.ts";
import type { Ways } from "../hypervisor/translate/page-views.ts";
import { waysOf } from "../hypervisor/translate/page-views.ts";
import { deviceAt } from "../projections/device/devices.ts";

/** A DMA that the fold has taken in, and what the walks say about it. */
export interface JudgedDma {
  readonly guest: number;
  readonly input: InputOf<"Dma">;
  /** The source-id that the request carried. */
  readonly requester: number;
  readonly translated: FactOf<"DmaTranslated"> | undefined;
  readonly landed: FactOf<"DmaLanded"> | undefined;
  readonly blocked: FactOf<"DmaBlocked"> | undefined;
  /**
   * All ways in the state that the DMA met, with what it made the unit read; `undefined` for one
   * that no table translates.
   */
  readonly ways: Ways | undefined;
  readonly write: boolean;
}

function find<T extends FactType>(facts: readonly Fact[], type: T): FactOf<T> | undefined {
  return facts.find((fact) => fact.type === type) as FactOf<T> | undefined;
}

/** Whether the request itself lands: what was in flight, and lands before it, has a tag. */
const isOwnLanding = (fact: Fact): fact is FactOf<"DmaLanded"> =>
  fact.type === "DmaLanded" && fact.tag === undefined;

const askedBy = (input: InputOf<"Dma">, write: boolean) => ({
  ...askOf(input, write),
  pasid: input.pasid,
});

/** Looks at a step again that took in a DMA; `undefined` for any other. */
export function lookAt(step: Step): JudgedDma | undefined {
  const { input, facts, before } = step;
  if (input.type !== "Dma") return undefined;
  const guest = input.guest ?? 0;
  const translated = find(facts, "DmaTranslated");
  const blocked = find(facts, "DmaBlocked");
  const landed = facts.find(isOwnLanding);
  const access = translated?.access ?? blocked?.access;
  const state = requestWorld(before, guest, input.device, input.pasid).guests[guest];
  const write = access === "write";
  const page = pageOf(input.iova);
  // What a device's own TLB translated no table has to agree with.
  const known = state !== undefined && access !== undefined && input.translated !== true;
  const ways = known ? waysOf(state, input.device, page, askedBy(input, write)) : undefined;
  const requester = deviceAt(state, input.device)?.requester ?? input.device;
  return { guest, input, requester, translated, landed, blocked, ways, write };
}
