// Length: one law, with what it looks at.

import { formatSourceId, hex } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import { Gsts } from "../../events/registers/command.ts";
import { at } from "../../events/registers/offset.ts";
import { deviceAt } from "../../projections/device/devices.ts";
import type { Guest } from "../../projections/guest.ts";
import { hostAt } from "../../projections/host/host-entry.ts";
import { readBytes } from "../../projections/registers/registers.ts";
import type { HeldRequest, Pages, Told } from "./held.ts";
import { forget, pageNumber, pagesNamed, tell, whereTo } from "./held.ts";
import type { Count, Law } from "./law.ts";
import type { Moment } from "./run.ts";
import { guestIndex, momentsOf } from "./run.ts";

/** One device's invalidation that was not answered yet. */
type Owed = FactOf<"DeviceTlbInvalidated">;

/** What the devices of a guest were told and asked, by the facts alone. */
interface Devices {
  told: Told[];
  owed: readonly Owed[];
  /** Translated requests on their way, by tag. */
  readonly flights: Map<number, HeldRequest>;
}

const newDevices = (): Devices => ({ told: [], owed: [], flights: new Map() });

const concerns = (owed: Owed, pasid: number | undefined): boolean =>
  owed.global === true ? pasid !== undefined : owed.pasid === pasid;

const isIn = (pages: Pages, { iova }: HeldRequest): boolean => {
  const page = pageNumber(iova);
  return pages.first <= page && page < pages.end;
};

/** What the unit remembers of a device's context lets it send translated requests. */
function mayTranslate(guest: Guest, { device, pasid }: HeldRequest): boolean {
  const requester = deviceAt(guest, device)?.requester;
  return requester !== undefined && hostAt(guest.hosts, requester, pasid)?.ats === true;
}

const isEnabled = (guest: Guest): boolean => Gsts.decode(readBytes(guest, at.gsts, 4)).tes;

const nameOf = ({ device, iova }: HeldRequest): string =>
  `${formatSourceId(device)} at ${hex(iova)}`;

function checkUse(
  devices: Devices,
  guest: Guest,
  fact: FactOf<"DmaTranslated">,
  count: Count,
): string | undefined {
  const { access, tag } = fact;
  count("used");
  if (tag !== undefined) devices.flights.set(tag, fact);
  if (!mayTranslate(guest, fact) || !isEnabled(guest)) {
    return `${nameOf(fact)} is not allowed to use what it was told`;
  }
  const address = deviceAt(guest, fact.device)?.physical === true ? fact.hpa : fact.gpa;
  const frame = address === undefined ? -1 : pageNumber(address);
  const places = whereTo(devices.told, fact, access);
  if (places.some((place) => place.frame === frame)) return undefined;
  const known = places.map((place) => hex(place.frame)).join(" or ");
  return `${access} by ${nameOf(fact)} goes to page ${hex(frame)}, not ${known || "nowhere"}`;
}

/** A device that says that it holds nothing may not hold what it asks for. */
function checkRefused(devices: Devices, { step, fact }: Moment, count: Count): string | undefined {
  const { input } = step;
  if (fact?.type !== "InputRefused" || !/holds no translation/.test(fact.why)) return undefined;
  if (input.type !== "Dma" && input.type !== "DmaIssue") return undefined;
  count("refused");
  const accesses = input.access === undefined ? (["read", "write"] as const) : [input.access];
  const held = accesses.some((access) =>
    whereTo(devices.told, input, access).some(({ sure }) => sure),
  );
  return held ? `${nameOf(input)} is refused, but was told` : undefined;
}

/** A device answers the first of what it owes. */
function takeAnswer(
  devices: Devices,
  { device, result }: FactOf<"DeviceTlbAnswered">,
  count: Count,
): string | undefined {
  const first = devices.owed.find((owed) => owed.device === device);
  devices.owed = devices.owed.filter((owed) => owed !== first);
  if (first === undefined) return `${formatSourceId(device)} answers what it was not asked`;
  if (result === "failed") {
    if (devices.told.some((told) => told.device === device)) count("failed");
    return undefined;
  }
  const pages = pagesNamed(first);
  const flights = [...devices.flights.values()];
  const left = flights.find(
    (use) => use.device === device && concerns(first, use.pasid) && isIn(pages, use),
  );
  if (left !== undefined) return `${nameOf(left)} is in flight after the device's answer`;
  for (const told of devices.told) {
    if (told.device !== device || !concerns(first, told.pasid)) continue;
    if (!forget(told, pages)) continue;
    const whose = told.pasid === undefined ? "without" : "by";
    count(first.global === true ? "forgotten globally" : `forgotten ${whose} PASID`);
  }
  return undefined;
}

/** A device was told; nobody is told anything of an emulated device's host pages. */
function takeTold(devices: Devices, guest: Guest, fact: FactOf<"TranslationAnswered">): void {
  const address = deviceAt(guest, fact.device)?.physical === true ? fact.hpa : fact.gpa;
  if (address !== undefined && (fact.read || fact.write)) {
    tell(devices.told, fact, pageNumber(address));
  }
}

/** What follows from one fact. @returns what is wrong with it. */
function follow(devices: Devices, guest: Guest, moment: Moment, count: Count): string | undefined {
  const { fact } = moment;
  switch (fact?.type) {
    case "TranslationAnswered":
      if (fact.read || fact.write) count("granted");
      takeTold(devices, guest, fact);
      return undefined;
    case "DmaTranslated":
      return fact.translated === true ? checkUse(devices, guest, fact, count) : undefined;
    case "DmaLanded":
      if (fact.tag !== undefined) devices.flights.delete(fact.tag);
      return undefined;
    case "DeviceTlbInvalidated":
      devices.owed = [...devices.owed, fact];
      return undefined;
    case "DeviceTlbAnswered":
      return takeAnswer(devices, fact, count);
    case "HostDeviceTlbFlushed":
      for (const told of devices.told) {
        if (told.device !== fact.device || told.pasid !== fact.pasid) continue;
        if (forget(told, pagesNamed(fact))) count("flushed by the host");
      }
      return undefined;
    case "InputRefused":
      return checkRefused(devices, moment, count);
    default:
      return undefined;
  }
}

/** Nobody waits for answers any longer, or devices are gone with what they held. */
function leave(devices: Devices, { fact, was }: Moment, count: Count): void {
  switch (fact?.type) {
    case "DeviceTlbsGivenUp":
      count("given up");
      devices.owed = [];
      return;
    case "QueueEnabled":
    case "QueueDisabled":
    case "UnitWasReset":
    case "UnitCreated":
      devices.owed = [];
      return;
    case "UnitDestroyed":
      devices.owed = [];
      devices.told = [];
      return;
    case "DeviceKeptOut":
      // The host attaches them nowhere: nothing that was held outlasts that.
      devices.told = devices.told.filter(
        ({ device, pasid }) =>
          pasid !== fact.pasid || deviceAt(was, device)?.requester !== fact.source,
      );
      return;
    case "DeviceRemoved":
      devices.owed = devices.owed.filter(({ device }) => device !== fact.device);
      devices.told = devices.told.filter(({ device }) => device !== fact.device);
      return;
    default:
      return;
  }
}

export const devicesUseWhatTheyWereTold: Law = {
  id: "TL1",
  says:
    "A translated request goes where the device was told last, and what a device was made to " +
    "forget it uses no more.",
  sometimes: [
    ...["granted", "used", "refused", "forgotten without PASID", "forgotten by PASID"],
    ...["forgotten globally", "flushed by the host", "failed", "given up"],
  ],
  check(run, count) {
    const all = run.start.guests.map(newDevices);
    for (const moment of momentsOf(run)) {
      const { fact, step, before, seq } = moment;
      const index = guestIndex(fact ?? step.input);
      const [devices, guest] = [all[index], before.guests[index]];
      if (devices === undefined || guest === undefined) continue;
      const text = follow(devices, guest, moment, count);
      if (text !== undefined) return { law: "TL1", seq, text };
      leave(devices, moment, count);
    }
    return undefined;
  },
};
