import { describe, expect, test } from "vitest";
import { AcpiError } from "../../events/acpi/acpi-error.ts";
import { buildDmar } from "../../events/acpi/build-dmar.ts";
import type { Dmar, Structure } from "../../events/acpi/dmar.ts";
import { dmarFromJson, dmarToJson } from "../../events/acpi/dmar.ts";
import { dmarOfSetup } from "../../events/acpi/dmar-of-setup.ts";
import { gpa, sourceId } from "../../events/address.ts";
import { FieldError } from "../../events/field.ts";
import { profileOf } from "../../events/profile/profile.ts";
import { profiles } from "../../events/profile/profiles.ts";

const plain: Dmar = {
  hostAddressWidth: 39,
  ...{ intrRemap: true, x2apicOptOut: false, dmaOptIn: false },
  structures: [],
};

describe("building", () => {
  const scope = { type: 1, enumerationId: 0, bus: 0 };
  const step = { device: 0, function: 0 };
  test.each<readonly [string, Structure, RegExp]>([
    [
      "no path",
      { type: "ATSR", allPorts: true, segment: 0, scopes: [{ ...scope, path: [] }] },
      /^byte 0x39: .*0 steps/,
    ],
    [
      "a long path",
      {
        type: "ATSR",
        allPorts: true,
        segment: 0,
        scopes: [{ ...scope, path: Array(125).fill(step) }],
      },
      /^byte 0x39: .*125 steps/,
    ],
    ["much", { type: "raw", code: 9, bytes: new Uint8Array(65_532) }, /^byte 0x32: .*too many/],
    [
      "a segment",
      { type: "ATSR", allPorts: true, segment: 65_536, scopes: [] },
      /^byte 0x36: ATSR: segment/,
    ],
    [
      "no reserved bit",
      { type: "ATSR", allPorts: true, segment: 0, reserved: 1n, scopes: [] },
      /^byte 0x30: .*not reserved/,
    ],
  ])("[AC6] %s does not fit", (_, structure, text) => {
    const build = (): Uint8Array => buildDmar({ ...plain, structures: [structure] });
    expect(build).toThrow(AcpiError);
    expect(build).toThrow(text);
  });

  test.each([
    [{ hostAddressWidth: 0 }, "hostAddressWidth: expected integer 1 to 256, found 0"],
    [{ oemId: "too long" }, 'oemId: expected text of at most 6 bytes, found "too long"'],
    [{ dream: 1 }, 'unknown field "dream"'],
    [{ structures: [{ type: "DREAM" }] }, "structures: 1: type: expected DRHD | RMRR"],
    [{ structures: [{ type: "RHSA", base: 1 }] }, "structures: 1: base: expected 64-bit word"],
  ])("[AC6] a configuration with %j is refused", (change, text) => {
    const read = (): Dmar => dmarFromJson({ ...(dmarToJson(plain) as object), ...change });
    expect(read).toThrow(FieldError);
    expect(read).toThrow(text);
  });
});

describe("of a set-up", () => {
  const { ver, cap, ecap } = profiles["qemu-legacy"];
  const region = { base: gpa(0x7c00_0000n), end: gpa(0x7dff_ffffn), devices: [sourceId(0x123)] };
  const guest = { ver, cap, ecap, haw: 46, p2m: [], devices: [], rmrr: [region] };
  const options = { x2apicOptOut: true, ioapicId: 2 };

  test("[AC8] one unit for all devices, the IOAPIC, reserved regions", () => {
    const table = dmarOfSetup(guest, profileOf(guest), options);
    expect(table).toMatchObject({ hostAddressWidth: 46, intrRemap: true, x2apicOptOut: true });
    const path = (device: number, fn: number) => [{ device, function: fn }];
    expect(table.structures).toEqual([
      {
        ...{ type: "DRHD", includePciAll: true, size: 0, segment: 0, base: 0xfed9_0000n },
        scopes: [{ type: 3, enumerationId: 2, bus: 0xff, path: path(0, 0) }],
      },
      {
        ...{ type: "RMRR", segment: 0, base: region.base, end: region.end },
        scopes: [{ type: 1, enumerationId: 0, bus: 1, path: path(4, 3) }],
      },
    ]);
    expect(buildDmar(table)[36]).toBe(45);
  });

  test("[AC8] without interrupt remapping neither flag nor IOAPIC", () => {
    const bare = { ...guest, ecap: ecap & ~0x18n, rmrr: [] };
    const table = dmarOfSetup(bare, profileOf(bare), options);
    expect(table).toMatchObject({ intrRemap: false, x2apicOptOut: false });
    expect(table.structures).toMatchObject([{ type: "DRHD", scopes: [] }]);
  });

  test("[AC8] root ports with ATS where there are device TLBs", () => {
    const large = profiles.everything;
    const words = { ...guest, cap: large.cap, ecap: large.ecap };
    const types = dmarOfSetup(words, large, options).structures.map(({ type }) => type);
    expect(types).toEqual(["DRHD", "RMRR", "ATSR"]);
  });
});
