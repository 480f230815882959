import type { SourceId } from "../../events/address.ts";
import { frozen } from "../../events/frozen.ts";
import type { Radix } from "../../tables/radix.ts";
import { emptyRadix, radixFirst, radixForEach, radixGet, radixSet } from "../../tables/radix.ts";

/** A device that the guest has. */
export interface Device {
  readonly source: SourceId;
  /** Behind a physical IOMMU; else the device model asks the vIOMMU. */
  readonly physical: boolean;
  /** The source-id that its requests carry: its own, or that of a bridge or another function. */
  readonly requester: SourceId;
}

/** The devices of a guest: found, added and taken out without looking at the others. */
export interface Devices {
  readonly bySource: Radix<Device>;
  /** The same by the source-id that their requests carry, and by their own. */
  readonly byRequester: Radix<Device>;
  /** How many of them are physical. */
  readonly physical: number;
}

export const noDevices: Devices = frozen({
  bySource: emptyRadix(),
  byRequester: emptyRadix(),
  physical: 0,
});

const requesterKey = ({ requester, source }: Device): number => requester * 0x10000 + source;

/** The guest's device of a source-id. */
export const deviceAt = (
  guest: { readonly devices: Devices } | undefined,
  source: number,
): Device | undefined => guest && radixGet(guest.devices.bySource, source);

/** All devices of a guest, in the order of their source-ids. */
export function devicesOf({ devices }: { readonly devices: Devices }): readonly Device[] {
  const all: Device[] = [];
  radixForEach(devices.bySource, 0, 0x10000, (_source, device) => all.push(device));
  return all;
}

/** The devices whose requests carry a source-id, in the order of their own. */
export function devicesBehind(
  { devices }: { readonly devices: Devices },
  requester: number,
): readonly Device[] {
  const all: Device[] = [];
  const first = requester * 0x10000;
  radixForEach(devices.byRequester, first, first + 0x10000, (_key, device) => all.push(device));
  return all;
}

/** A device whose requests carry a source-id, if there is one; all of them are of one kind. */
export const deviceBehind = (
  { devices }: { readonly devices: Devices },
  requester: number,
): Device | undefined => radixFirst(devices.byRequester, requester * 0x10000, 0x10000);

/** How many physical devices there are once that of a source-id is another one, or gone. */
function physicalAfter({ bySource, physical }: Devices, source: number, next?: Device): number {
  const old = radixGet(bySource, source);
  return physical - (old?.physical === true ? 1 : 0) + (next?.physical === true ? 1 : 0);
}

/** The devices with one more. */
export const withDevice = (devices: Devices, device: Device): Devices => ({
  bySource: radixSet(devices.bySource, device.source, device),
  byRequester: radixSet(devices.byRequester, requesterKey(device), device),
  physical: physicalAfter(devices, device.source, device),
});

/** The devices without one. */
export const withoutDevice = (devices: Devices, device: Device): Devices => ({
  bySource: radixSet(devices.bySource, device.source, undefined),
  byRequester: radixSet(devices.byRequester, requesterKey(device), undefined),
  physical: physicalAfter(devices, device.source),
});
