import type { SourceId } from "../address.ts";
import type { Profile } from "../profile/profile.ts";
import type { GuestSetup } from "../setup.ts";
import type { Dmar, Scope, Structure } from "./dmar.ts";
import { scopeTypes } from "./dmar.ts";

/** Where a guest finds its vIOMMU: the address that Xen's toolstack and QEMU use. */
export const unitBase = 0xfed9_0000n;

/** What a set-up does not say. */
export interface DmarOptions {
  /** Asks the guest to leave x2APIC mode alone; means something with interrupt remapping alone. */
  readonly x2apicOptOut: boolean;
  /** The id of the IOAPIC in the guest's MADT, 0 to 255. */
  readonly ioapicId: number;
}

/** A device by its source-id: bus, and a path of one step. */
const endpoint = (source: SourceId): Scope => ({
  type: scopeTypes.endpoint,
  enumerationId: 0,
  bus: source >> 8,
  path: [{ device: (source >> 3) & 0x1f, function: source & 7 }],
});

/** The IOAPIC's requests carry bus FFh, device 0, function 0, as in Xen and QEMU. */
const ioapic = (id: number): Scope => ({
  type: scopeTypes.ioapic,
  enumerationId: id,
  bus: 0xff,
  path: [{ device: 0, function: 0 }],
});

/**
 * The DMAR table that tells a guest of its vIOMMU: one unit for all PCI devices, with the IOAPIC in
 * its scope where it remaps interrupts; root ports with ATS where it has device TLBs; the reserved
 * regions with their devices.
 *
 * @param profile  what the capability words of `guest` mean.
 */
export function dmarOfSetup(guest: GuestSetup, profile: Profile, options: DmarOptions): Dmar {
  const remaps = profile.interruptRemapping;
  const unit: Structure = {
    type: "DRHD",
    ...{ includePciAll: true, size: 0, segment: 0, base: unitBase },
    scopes: remaps ? [ioapic(options.ioapicId)] : [],
  };
  const regions = (guest.rmrr ?? []).map(({ base, end, devices }): Structure => {
    return { type: "RMRR", segment: 0, base, end, scopes: devices.map(endpoint) };
  });
  const ports: Structure = { type: "ATSR", allPorts: true, segment: 0, scopes: [] };
  return {
    hostAddressWidth: profile.haw,
    intrRemap: remaps,
    x2apicOptOut: remaps && options.x2apicOptOut,
    dmaOptIn: false,
    structures: [unit, ...regions, ...(profile.deviceTlb ? [ports] : [])],
  };
}
