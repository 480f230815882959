import type { Gpa, Hpa, SourceId } from "../../events/address.ts";
import type { PageSize } from "../../events/input.ts";
import { Cap, Ecap } from "../../events/registers/capability.ts";
import type { GuestSetup, Setup } from "../../events/setup.ts";

/** 00:04.0, the device of every example. */
export const nvme = 0x20 as SourceId;
/** 01:00.0 and the bridge 00:1c.0 that its requests come from. */
export const behindBridge = 0x100 as SourceId;
export const bridge = 0xe0 as SourceId;

/** Offsets of IOTLB's pair and of the fault records. */
export const iva = 0x100;
export const iotlb = 0x108;
export const record = (index: number): number => 0x220 + 16 * index;

/** Host memory of the first guest starts here: the page at GPA x is at x plus this. */
export const hostBase = 0x1_0000_0000n;

type CapFields = Parameters<typeof Cap.encode>[0];
type EcapFields = Parameters<typeof Ecap.encode>[0];

const capFields: CapFields = {
  nd: 6,
  plmr: true,
  phmr: true,
  cm: true,
  sagaw: 0b00110,
  mgaw: 47,
  fro: 0x22,
  sllps: Cap.fields.sllps.names.g1,
  psi: true,
  nfr: 3,
  mamv: 9,
};
const ecapFields: EcapFields = {
  c: true,
  qi: true,
  dt: true,
  ir: true,
  eim: true,
  pt: true,
  iro: 0x10,
};

export const range = (gpa: bigint, hpa: bigint, length: bigint, pageSize: PageSize) => ({
  gpa: gpa as Gpa,
  hpa: hpa as Hpa,
  length,
  pageSize,
  read: true,
  write: true,
});

/** What an example changes in the unit and in what the guest has. */
export interface Changes {
  readonly cap?: CapFields;
  readonly ecap?: EcapFields;
  readonly p2m?: GuestSetup["p2m"];
  readonly devices?: GuestSetup["devices"];
}

/**
 * One guest: 8 MiB from GPA 0 in 2 MiB mappings, 1 GiB from GPA 1 GiB on in one; 00:04.0. Its unit
 * has caching mode, 3 and 4 levels, all superpages, 4 fault records, device TLBs, protected memory.
 */
export function guestWith({ cap, ecap, p2m, devices }: Changes = {}): GuestSetup {
  return {
    ver: 0x10n,
    cap: Cap.encode({ ...capFields, ...cap }),
    ecap: Ecap.encode({ ...ecapFields, ...ecap }),
    haw: 40,
    p2m: p2m ?? [
      range(0n, hostBase, 0x80_0000n, "2M"),
      range(0x4000_0000n, 0x2_4000_0000n, 0x4000_0000n, "1G"),
    ],
    devices: devices ?? [{ device: nvme, physical: true }],
  };
}

/** A world with that one guest. */
export const unit = (changes: Changes = {}): Setup => ({ guests: [guestWith(changes)] });
