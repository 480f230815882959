import type { Command } from "commander";
import { Option } from "commander";
import { formatSourceId } from "../../events/address.ts";
import type { Setup } from "../../events/setup.ts";
import type { Search, Weigh } from "../../history/moment.ts";
import { findMomentIn } from "../../history/query/why-in.ts";
import type { Question } from "../../history/question.ts";
import type { Timeline } from "../../history/timeline/timeline.ts";
import { deviceAt, devicesOf } from "../../projections/device/devices.ts";
import type { World } from "../../projections/world.ts";
import type { PageHandle } from "../argument.ts";
import {
  parseAccess,
  parseDevice,
  parseIova,
  parseMoment,
  parseNumber,
  parsePage,
  parsePasid,
} from "../argument.ts";
import { momentOf, openHistory } from "../history-file.ts";
import { InputError } from "../input-error.ts";
import type { Run } from "../run.ts";

/** The options of commands that look at one page of one device. */
export interface LookupOptions extends Question {
  readonly guest: number;
  readonly json?: true;
}

/** What is known once a file was searched. */
export interface Found {
  readonly setup: Setup;
  readonly timeline: Timeline;
  readonly search: Search;
  /** The state after `--at`, or at the end. */
  readonly world: World;
  readonly failure: InputError | undefined;
}

/**
 * Looks for the DMA that a question is about, up to the event that is asked for.
 *
 * @param weigh  what a DMA is worth.
 */
export async function findMoment(
  run: Run,
  file: string,
  question: Question,
  weigh: Weigh,
): Promise<Found> {
  const history = await openHistory(run, file, question.at);
  const { setup, timeline } = history;
  const { world, failure } = momentOf(history, file, question.at);
  // Where the file ends before the event, it is the end that is looked at.
  const at = question.at === undefined || world.seq === question.at ? question.at : world.seq;
  const asked = at === undefined ? question : { ...question, at };
  const found = findMomentIn(timeline, asked, weigh);
  if (found === undefined) throw new InputError(`${file}: there is no such event`);
  return { setup, timeline, search: { ...found.search, question: asked }, world, failure };
}

/** `--guest N`, of the first guest when missing. */
export const guestOption = (): Option =>
  new Option("--guest <number>", "which guest, from 0").argParser(parseNumber).default(0);

/** `--at N`. */
export const atOption = (what: string): Option =>
  new Option("--at <event>", what).argParser(parseMoment);

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

/** The options as they are given: a page may stand for a device and an address. */
export type GivenLookup = Omit<LookupOptions, "device" | "iova"> &
  Partial<Pick<LookupOptions, "device" | "iova">> & { readonly page?: PageHandle };

/**
 * The page that is meant, by its handle or by a device and an address.
 *
 * @throws InputError when neither says it.
 */
export function pageOptions({ page, ...options }: GivenLookup): LookupOptions {
  const { device = page?.device, iova = page?.iova, pasid = page?.pasid } = options;
  const missing = device === undefined ? "--device <bdf>" : "--iova <address>";
  if (device === undefined || iova === undefined) {
    throw new InputError(`error: required option '${missing}' not specified`);
  }
  const guest = options.guest === 0 ? (page?.guest ?? 0) : options.guest;
  return { ...options, guest, device, iova, ...(pasid === undefined ? {} : { pasid }) };
}

/** Adds the options of a look at one page. */
export const withLookup = (command: Command, atText: string): Command =>
  command
    .option("--device <bdf>", "source-id of the device, like 00:04.0", parseDevice)
    .option("--iova <address>", "address that the device uses", parseIova)
    .option("--page <handle>", "instead of both, like page:0/00:04.0/0x1806000", parsePage)
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
  if (deviceAt(guest, options.device) !== undefined) return;
  const devices = guest === undefined ? [] : devicesOf(guest);
  const names = devices.map((device) => formatSourceId(device.source));
  const known = names.length === 0 ? "none" : names.join(", ");
  const name = formatSourceId(options.device);
  throw new InputError(`${file}: device ${name} is not assigned at that event; assigned: ${known}`);
}
