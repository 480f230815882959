import type { Command } from "commander";
import { Option } from "commander";
import type { Iova, SourceId } from "../../events/address.ts";
import { formatSourceId } from "../../events/address.ts";
import type { Access } from "../../events/input.ts";
import type { Use } from "../../history/use.ts";
import type { Asked } from "../../hypervisor/translate/composed.ts";
import type { HostEntry } from "../../projections/host/host-entry.ts";
import { hostAt } from "../../projections/host/host-entry.ts";
import type { World } from "../../projections/world.ts";
import { parseAccess, parseDevice, parseIova, parseNumber, parsePasid } from "../argument.ts";
import { InputError } from "../input-error.ts";

/** The options of commands that look at one page of one device. */
export interface LookupOptions {
  readonly device: SourceId;
  readonly iova: Iova;
  readonly at?: number;
  readonly access?: Access;
  /** Missing for a request without PASID. */
  readonly pasid?: number;
  readonly privileged?: true;
  readonly execute?: true;
  readonly guest: number;
  readonly json?: true;
}

/** `--guest N`, of the first guest when missing. */
export const guestOption = (): Option =>
  new Option("--guest <number>", "which guest, from 0").argParser(parseNumber).default(0);

/** `--at N`. */
export const atOption = (what: string): Option =>
  new Option("--at <event>", what).argParser(parseNumber);

/** `--pasid N`. */
export const pasidOption = (what: string): Option =>
  new Option("--pasid <number>", what).argParser(parsePasid);

/**
 * Checks that a request with these rights can be.
 *
 * @throws InputError that says why it cannot.
 */
export function checkRights({ pasid, privileged, execute, access }: LookupOptions): void {
  const rights = [...(privileged ? ["--privileged"] : []), ...(execute ? ["--execute"] : [])];
  if (pasid === undefined && rights.length > 0) {
    const asked = rights.join(" and ");
    throw new InputError(`${asked}: only a request with PASID asks for rights; add --pasid`);
  }
  if (execute && access === "write") throw new InputError("--execute: a write does not execute");
}

/**
 * What the request of a look asks for.
 *
 * @param use  the DMA that is looked at, if there is one: what it asked for.
 */
export function askedOf(options: LookupOptions, access: Access, use?: Use): Asked {
  const { privileged, execute } = use ?? options;
  return {
    write: access === "write",
    pasid: options.pasid,
    privileged: privileged === true,
    execute: execute === true && access === "read",
  };
}

/** What the host has for the requests of a look. */
export function hostOf(world: World, options: LookupOptions): HostEntry | undefined {
  const guest = world.guests[options.guest];
  const source = guest?.devices[options.device]?.requester ?? options.device;
  return guest && hostAt(guest.hosts, source, options.pasid);
}

/** Adds the options of a look at one page. */
export const withLookup = (command: Command, atText: string): Command =>
  command
    .requiredOption("--device <bdf>", "source-id of the device, like 00:04.0", parseDevice)
    .requiredOption("--iova <address>", "address that the device uses", parseIova)
    .addOption(atOption(atText))
    .option("--access <kind>", "read or write", parseAccess)
    .addOption(pasidOption("PASID of the request; without it, a request without PASID"))
    .option("--privileged", "the request with PASID asks for supervisor rights")
    .option("--execute", "the request with PASID reads to execute")
    .addOption(guestOption())
    .option("--json", "print one object");

/**
 * Checks that a file has a guest.
 *
 * @throws InputError that says how many it has.
 */
export function checkGuest(file: string, count: number, guest: number): void {
  if (guest < count) return;
  const known = count.toString();
  throw new InputError(`${file}: there is no guest ${guest.toString()}; guests: ${known}`);
}

/**
 * Checks that the guest has the device.
 *
 * @throws InputError that names the devices it has.
 */
export function checkDevice(file: string, world: World, options: LookupOptions): void {
  const guest = world.guests[options.guest];
  checkGuest(file, world.guests.length, options.guest);
  const devices = guest?.devices ?? {};
  if (devices[options.device] !== undefined) return;
  const names = Object.values(devices).map((device) => formatSourceId(device.source));
  const known = names.length === 0 ? "none" : names.join(", ");
  const name = formatSourceId(options.device);
  throw new InputError(`${file}: device ${name} is not assigned at that event; assigned: ${known}`);
}
