import type { Iova, SourceId } from "../events/address.ts";
import { pageOf } from "../events/address.ts";
import type { AnyField } from "../events/field.ts";
import { count, device, flag, iovaField, optional } from "../events/field.ts";
import type { Access } from "../events/input.ts";
import { access, pasid } from "../events/input.ts";
import { MalformedError } from "../events/malformed-error.ts";
import { shapeFromValue } from "../events/shape-from-value.ts";
import { requestWorld } from "../hypervisor/device/request-world.ts";
import { rightsError } from "../hypervisor/device/rights.ts";
import type { Asked } from "../hypervisor/translate/guest-answer.ts";
import { deviceAt } from "../projections/device/devices.ts";
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

const questionFields = {
  guest: optional(count),
  device,
  iova: iovaField,
  access: optional(access),
  pasid: optional(pasid),
  privileged: optional(flag),
  execute: optional(flag),
  at: optional(count),
} satisfies Record<keyof Question, AnyField>;

/**
 * The question that a value is, as a copy that nobody else can change.
 *
 * @throws MalformedError when it is none, that names the field.
 */
export function checkQuestion(value: unknown): Question {
  const question = shapeFromValue("question", questionFields, value);
  const why = rightsError(question, question.access === "write");
  if (why === undefined) return question;
  throw new MalformedError("question", question.privileged ? "privileged" : "execute", why);
}

/** The page that a question is about. */
export const pageAsked = (question: Question): UsedPage => ({
  guest: question.guest ?? 0,
  device: question.device,
  page: pageOf(question.iova),
  pasid: question.pasid,
});

/**
 * What the request of a question asks for.
 *
 * @param use  the DMA that is looked at, if there is one: what it asked for.
 */
export function askedOf(question: Question, as: Access, use?: Use): Asked {
  const { privileged, execute } = use ?? question;
  return {
    write: as === "write",
    pasid: question.pasid,
    privileged: privileged === true,
    execute: execute === true && as === "read",
  };
}

/** What the host has for the requests of a question, once such a request has come. */
export function hostOf(world: World, question: Question): HostEntry | undefined {
  const index = question.guest ?? 0;
  const guest = requestWorld(world, index, question.device, question.pasid).guests[index];
  const source = deviceAt(guest, question.device)?.requester ?? question.device;
  return guest && hostAt(guest.hosts, source, question.pasid);
}
