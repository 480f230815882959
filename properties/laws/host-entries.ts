import { formatSourceId } from "../../events/address.ts";
import { tlbsWhere } from "../../projections/device/device-tlb.ts";
import type { Guest } from "../../projections/guest.ts";
import { hostsWhere } from "../../projections/host/host-entry.ts";
import { shadowsOf } from "../../projections/shadow/shadow.ts";
import type { DeviceBook, Given } from "./device-book.ts";
import { follow, newDeviceBook } from "./device-book.ts";
import type { Count, Law } from "./law.ts";

type Devices = ReadonlyMap<number, Given>;

/** Whether nothing changed that the law looks at. */
const isSame = (a: Guest, b: Guest): boolean =>
  a.hosts === b.hosts &&
  a.devices === b.devices &&
  a.shadows === b.shadows &&
  a.spaces === b.spaces &&
  a.deviceTlbs === b.deviceTlbs &&
  a.inFlight === b.inFlight;

/** A device that is not there and of which something is kept. */
function strayDevice(guest: Guest, devices: Devices): string | undefined {
  const kept: readonly (readonly [string, readonly { readonly device: number }[]])[] = [
    ["has a TLB", tlbsWhere(guest.deviceTlbs)],
    ["has a request in flight", Object.values(guest.inFlight)],
  ];
  for (const [what, of] of kept) {
    const stray = of.find(({ device }) => !devices.has(device));
    if (stray !== undefined) return `${formatSourceId(stray.device)} is not there and ${what}`;
  }
  return undefined;
}

/** Why a guest's host entries and what they lead to do not fit its devices, or nothing. */
function check(guest: Guest, devices: Devices, count: Count): string | undefined {
  const requesters = new Set([...devices.values()].map(({ requester }) => requester));
  if (requesters.size < devices.size) count("two behind one alias");
  const entries = hostsWhere(guest.hosts);
  for (const { source } of entries) {
    if (!requesters.has(source)) return `nobody sends as ${formatSourceId(source)}`;
  }
  const plain = new Set(
    entries.flatMap(({ source, pasid }) => (pasid === undefined ? source : [])),
  );
  for (const one of requesters) {
    if (!plain.has(one as never)) return `${formatSourceId(one)} has no entry`;
  }
  const [shadows, spaces] = (["shadow", "space"] as const).map(
    (name) => new Set(entries.map((entry) => entry[name])),
  );
  const shadow = shadowsOf(guest).find(({ id }) => shadows?.has(id) !== true);
  if (shadow !== undefined) return `shadow ${shadow.id} is of no entry`;
  const space = Object.values(guest.spaces).find(({ id }) => spaces?.has(id) !== true);
  if (space !== undefined) return `first stage ${space.id} is of no entry`;
  return strayDevice(guest, devices);
}

/** Checks the guests that a step changed. */
function checkGuests(
  before: readonly Guest[],
  after: readonly Guest[],
  book: DeviceBook,
  count: Count,
): string | undefined {
  for (const [index, guest] of after.entries()) {
    const [was, devices] = [before[index], book[index]];
    if (was === guest || devices === undefined) continue;
    if (was !== undefined && isSame(was, guest)) continue;
    const text = check(guest, devices, count);
    if (text !== undefined) return text;
  }
  return undefined;
}

export const entriesFitDevices: Law = {
  id: "HE1",
  says:
    "After every input each source-id that a device sends by has a host entry and no other has; " +
    "shadows, first stages, device TLBs and requests in flight are of such.",
  sometimes: ["assigned", "removed", "two behind one alias", "one of two removed"],
  check(run, count) {
    const book = newDeviceBook(run);
    for (const step of run.steps) {
      const { input, before, after, seq } = step;
      const known = book[input.guest ?? 0];
      const removed = input.type === "DeviceRemove" ? known?.get(input.device) : undefined;
      follow(book, step);
      if (input.type === "DeviceAssign") count("assigned");
      if (removed !== undefined) count("removed");
      const isShared = [...(known?.values() ?? [])].some(
        ({ requester }) => requester === removed?.requester,
      );
      if (removed !== undefined && isShared) count("one of two removed");
      const text = checkGuests(before.guests, after.guests, book, count);
      if (text !== undefined) return { law: "HE1", seq, text };
    }
    return undefined;
  },
};
