import { buildDmar } from "../../events/acpi/build-dmar.ts";
import type { Dmar, Scope, Structure, StructureOf } from "../../events/acpi/dmar.ts";
import { remarksOn } from "../../events/acpi/dmar-remarks.ts";
import { checksumOf, readDmar } from "../../events/acpi/read-dmar.ts";

/** A table with these structures, of a machine of 39 address bits. */
export const tableOf = (structures: readonly Structure[], more: Partial<Dmar> = {}): Uint8Array =>
  buildDmar({
    ...{ hostAddressWidth: 39, intrRemap: true, x2apicOptOut: false, dmaOptIn: false },
    ...{ structures, ...more },
  });

/** A unit of segment 0 without devices, unless `change` says otherwise. */
export const unit = (change: Partial<StructureOf<"DRHD">> = {}): Structure => ({
  ...{ type: "DRHD", includePciAll: false, size: 0, segment: 0, base: 0xfed9_1000n, scopes: [] },
  ...change,
});

/** An endpoint of bus 0, unless `change` says otherwise. */
export const endpoint = (device: number, change: Partial<Scope> = {}): Scope => ({
  ...{ type: 1, enumerationId: 0, bus: 0, path: [{ device, function: 0 }] },
  ...change,
});

/** A changed copy of a table, with a checksum that is right again unless byte 9 was changed. */
export function changed(from: Uint8Array, changes: Readonly<Record<number, number>>): Uint8Array {
  const bytes = Uint8Array.from(from);
  for (const [at, value] of Object.entries(changes)) bytes[Number(at)] = value;
  if (changes[9] === undefined) bytes[9] = checksumOf(bytes);
  return bytes;
}

/** A region that the device 00:02.0 needs, unless `change` says otherwise. */
export const region = (
  base: bigint,
  end: bigint,
  change: Partial<StructureOf<"RMRR">> = {},
): Structure => ({
  ...{ type: "RMRR", segment: 0, base, end, scopes: [endpoint(2)] },
  ...change,
});

/** What is remarked of a table: where, what, and who has something to say. */
export const told = (
  structures: readonly Structure[],
  more: Partial<Dmar> = {},
): readonly string[] =>
  remarksOn(readDmar(tableOf(structures, more))).map(
    ({ at, what, who }) => `${at.toString(16)} ${what} (${Object.keys(who).join(", ")})`,
  );
