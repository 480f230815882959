import type { Iova, SourceId } from "../events/address.ts";
import { pageOf } from "../events/address.ts";
import type { Access } from "../events/input.ts";
import { worldMet } from "../hypervisor/device/world-met.ts";
import type { Asked } from "../hypervisor/translate/composed.ts";
import type { HostEntry } from "../projections/host/host-entry.ts";
import { hostAt } from "../projections/host/host-entry.ts";
import type { World } from "../projections/world.ts";
import type { Use, UsedPage } from "./use.ts";

/** An address of a device that somebody asks about, and the kind of request that is meant. */
export interface Question {
  /** Which guest, from 0; the first when missing. */
  readonly guest?: number;
  readonly device: SourceId;
  readonly iova: Iova;
  /** Either when missing. */
  readonly access?: Access;
  /** Missing for a request without PASID. */
  readonly pasid?: number;
  /** The request with PASID asks for supervisor rights. */
  readonly privileged?: boolean;
  /** The request with PASID reads to execute. */
  readonly execute?: boolean;
  /** Number of the event after which the state is meant; the last one when missing. */
  readonly at?: number;
}

/** The page that a question is about. */
export const pageAsked = ({ guest = 0, device, iova, pasid }: Question): UsedPage => ({
  guest,
  device,
  page: pageOf(iova),
  pasid,
});

/**
 * What the request of a question asks for.
 *
 * @param use  the DMA that is looked at, if there is one: what it asked for.
 */
export function askedOf(question: Question, access: Access, use?: Use): Asked {
  const { privileged, execute } = use ?? question;
  return {
    write: access === "write",
    pasid: question.pasid,
    privileged: privileged === true,
    execute: execute === true && access === "read",
  };
}

/** What the host has for the requests of a question, once such a request has come. */
export function hostOf(world: World, question: Question): HostEntry | undefined {
  const { guest: index = 0, device, pasid } = question;
  const guest = worldMet(world, index, device, pasid).guests[index];
  const source = guest?.devices[device]?.requester ?? device;
  return guest && hostAt(guest.hosts, source, pasid);
}
