import { layout } from "../layout/layout.ts";
import { flag, uint, wide } from "../layout/layout-field.ts";

/** What every ACPI table begins with, 36 bytes. */
export const TableHeader = layout({
  name: "ACPI table header",
  width: 288,
  fields: {
    signature: uint([31, 0], "Four letters."),
    length: uint([63, 32], "Bytes in the table, this header included."),
    revision: uint([71, 64], "Of the table's form."),
    checksum: uint([79, 72], "Makes the sum of all bytes 0 modulo 256."),
    oemId: wide([127, 80], "Six letters."),
    oemTableId: wide([191, 128], "Eight letters."),
    oemRevision: uint([223, 192], "Of the maker's table."),
    creatorId: wide([255, 224], "Four letters: the tool that made the table."),
    creatorRevision: uint([287, 256], "Of that tool."),
  },
  reserved: [],
});

/** What follows it in a DMAR table, 12 bytes. */
export const DmarHeader = layout({
  name: "DMAR header",
  width: 96,
  fields: {
    hostAddressWidth: uint([7, 0], "Bits of a physical address, less one."),
    intrRemap: flag(8, "The platform supports interrupt remapping."),
    x2apicOptOut: flag(9, "Software is asked to leave x2APIC mode alone."),
    dmaOptIn: flag(10, "Firmware asks for protection against DMA."),
  },
  reserved: [[95, 11]],
});

const type = uint([15, 0], "Type of the structure.");
const length = uint([31, 16], "Bytes in the structure, this one included.");
const segment = uint([63, 48], "PCI segment.");

/** What every remapping structure begins with, 4 bytes. */
export const StructureHeader = layout({
  name: "Remapping structure",
  width: 32,
  fields: { type, length },
  reserved: [],
});

/** A remapping unit, 16 bytes and device scopes. */
export const Drhd = layout({
  name: "DRHD",
  width: 128,
  fields: {
    type,
    length,
    includePciAll: flag(32, "The unit has all PCI devices that no other unit has."),
    size: uint([43, 40], "The register set takes 2^size pages of 4 KiB."),
    segment,
    base: wide([127, 64], "Host-physical address of the register set."),
  },
  reserved: [
    [39, 33],
    [47, 44],
  ],
});

/** Memory that some devices need mapped to itself, 24 bytes and device scopes. */
export const Rmrr = layout({
  name: "RMRR",
  width: 192,
  fields: {
    type,
    length,
    segment,
    base: wide([127, 64], "First byte, 4 KiB aligned."),
    end: wide([191, 128], "Last byte: the end is part of the region."),
  },
  reserved: [[47, 32]],
});

/** Root ports that support ATS, 8 bytes and device scopes. */
export const Atsr = layout({
  name: "ATSR",
  width: 64,
  fields: { type, length, allPorts: flag(32, "All root ports do."), segment },
  reserved: [[47, 33]],
});

/** The NUMA node of a remapping unit, 20 bytes. */
export const Rhsa = layout({
  name: "RHSA",
  width: 160,
  fields: {
    type,
    length,
    base: wide([127, 64], "Register base of the unit."),
    proximityDomain: uint([159, 128], "Proximity domain, as the SRAT numbers them."),
  },
  reserved: [[63, 32]],
});

/** An ACPI device that makes DMA, 8 bytes and a name that a zero byte ends. */
export const Andd = layout({
  name: "ANDD",
  width: 64,
  fields: {
    type,
    length,
    deviceNumber: uint([63, 56], "What device scopes call it in their enumeration id."),
  },
  reserved: [[55, 32]],
});

/** Devices of the SoC with an address translation cache, 8 bytes and device scopes. */
export const Satc = layout({
  name: "SATC",
  width: 64,
  fields: { type, length, atcRequired: flag(32, "They work with the cache on alone."), segment },
  reserved: [[47, 33]],
});

/** Devices of the SoC that software treats in a special way, 8 bytes and device scopes. */
export const Sidp = layout({
  name: "SIDP",
  width: 64,
  fields: { type, length, segment },
  reserved: [[47, 32]],
});

/** A device of a structure, 6 bytes and 2 for each step of the path. */
export const DeviceScope = layout({
  name: "Device scope",
  width: 48,
  fields: {
    type: uint([7, 0], "Kind of device."),
    length: uint([15, 8], "Bytes in the scope: 6 and 2 for each step."),
    reqWoPasidNestedNotAllowed: flag(16, "Its requests without PASID bear no nesting."),
    reqWoPasidPwsnpNotAllowed: flag(17, "Its requests without PASID bear no PWSNP."),
    reqWoPasidPgsnpNotAllowed: flag(18, "Its requests without PASID bear no PGSNP."),
    atcHardened: flag(19, "Its address translation cache is hardened."),
    atcRequired: flag(20, "It works with its address translation cache on alone."),
    enumerationId: uint([39, 32], "IOAPIC id, HPET number or ACPI device number."),
    bus: uint([47, 40], "Bus at which the path begins."),
  },
  reserved: [[31, 21]],
});
