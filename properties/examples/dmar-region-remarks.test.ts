import { describe, expect, test } from "vitest";
import type { Structure } from "../../events/acpi/dmar.ts";
import { endpoint, region, told, unit } from "./dmar-table.ts";

const all = unit({ includePciAll: true, base: 0xfed9_9000n });

describe("a reserved region", () => {
  test("[AC18] of length zero, that ends before it begins, or not of whole pages", () => {
    expect(told([all, region(0x1000n, 0xfffn)])).toEqual([
      "40 the region's length is zero (Linux, Xen)",
    ]);
    expect(told([all, region(0x2000n, 0xfffn)])).toEqual([
      "40 the region ends before it begins (Linux, Xen)",
    ]);
    for (const [base, end] of [
      [0x1000n, 0x1000n],
      [0x1000n, 0x2000n],
      [0x1800n, 0x1fffn],
    ] as const) {
      expect(told([all, region(base, end)])).toEqual([
        "40 the region is not made of whole pages (Linux)",
      ]);
    }
  });

  test("[AC18] at address 0", () => {
    expect(told([all, region(0n, 0xfffn)])).toEqual([
      "40 the region begins at address 0 (Linux, Xen)",
    ]);
    expect(told([all, region(0n, 0n)])).toEqual([
      "40 the region is not made of whole pages (Linux)",
      "40 the region begins at address 0 (Linux, Xen)",
    ]);
  });

  test("[AC18] that overlaps another, whatever their order", () => {
    const [one, other] = [region(0x1000n, 0x3fffn), region(0x3000n, 0x4fffn)];
    for (const table of [
      [one, other],
      [other, one],
    ]) {
      expect(told([all, ...table])).toEqual(["60 the region overlaps the one at 0x40 (Xen)"]);
    }
    expect(told([all, one, region(0x4000n, 0x4fffn)])).toEqual([]);
    const byte = told([all, one, region(0x3fffn, 0x3fffn)]);
    expect(byte).toContain("60 the region overlaps the one at 0x40 (Xen)");
    const around = [region(0x1000n, 0x9fffn), region(0x2000n, 0x2fffn), region(0x5000n, 0x5fffn)];
    expect(told([all, ...around])).toEqual([
      "60 the region overlaps the one at 0x40 (Xen)",
      "80 the region overlaps the one at 0x40 (Xen)",
    ]);
  });

  test("[AC18] with the bit that old headers call ALLOW_ALL", () => {
    const odd = region(0x1000n, 0x1fffn, { reserved: 1n << 32n });
    expect(told([all, odd])).toEqual(["40 bit 0 of the reserved ones is set (ACPICA)"]);
    expect(told([all, region(0x1000n, 0x1fffn, { reserved: 2n << 32n })])).toEqual([]);
  });
});

describe("a table", () => {
  test("[AC18] whose header contradicts itself", () => {
    expect(told([all], { hostAddressWidth: 11 })).toEqual([
      "24 the host address width 11 is less than a page's (Linux)",
    ]);
    expect(told([all], { hostAddressWidth: 1 })).toEqual([
      "24 the host address width 1 is less than a page's (Linux, Xen)",
    ]);
    expect(told([all], { hostAddressWidth: 12 })).toEqual([]);
    expect(told([all], { x2apicOptOut: true, intrRemap: false })).toEqual([
      "25 X2APIC_OPT_OUT without INTR_REMAP (the specification)",
    ]);
    expect(told([all], { x2apicOptOut: true })).toEqual([]);
  });

  test("[AC18] whose structures are not in the order of their types", () => {
    expect(told([region(0x1000n, 0x1fffn), all])).toEqual([
      "50 a structure of type 0 after one of type 1 (the specification)",
    ]);
  });

  test("[AC18] with two ATSR for all ports of segment 0", () => {
    const ports = (segment: number, allPorts = true): Structure => ({
      ...{ type: "ATSR", allPorts, segment, scopes: [] },
    });
    expect(told([all, ports(0), ports(0)])).toEqual([
      "48 a second ATSR with all ports of segment 0 (Xen)",
    ]);
    expect(told([all, ports(1), ports(1), ports(0), ports(0, false)])).toEqual([]);
  });

  test("[AC18] with an RHSA of no unit before it", () => {
    const near = (base: bigint): Structure => ({ type: "RHSA", base, proximityDomain: 1 });
    expect(told([all, near(0xfed9_9000n)])).toEqual([]);
    expect(told([all, near(0xfed9_a000n)])).toEqual([
      "40 no unit before it has its registers at 0xfed9a000 (Linux)",
    ]);
    expect(told([near(0xfed9_9000n), all])[0]).toMatch(/^30 no unit before it/);
  });

  test("[AC18] with an ACPI device that no unit has, or that is declared twice", () => {
    const device: Structure = { type: "ANDD", deviceNumber: 3, name: "\\_SB.PCI0.I2C0" };
    const scopes = [endpoint(0x15, { type: 5, enumerationId: 3 })];
    expect(told([unit({ scopes }), device])).toEqual([]);
    expect(told([unit({ scopes }), device, device])).toEqual([
      "5f ACPI device 3 is declared twice (the specification)",
    ]);
    expect(told([unit({ scopes: [endpoint(3)] }), device])).toEqual([
      "48 no unit has ACPI device 3 in its scope (Linux)",
    ]);
  });
});
