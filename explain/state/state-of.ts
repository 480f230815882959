import { formatSourceId, gpa, hpa, sourceId } from "../../events/address.ts";
import type { Input } from "../../events/input.ts";
import { masksOf } from "../../events/layout/layout.ts";
import { profiles } from "../../events/profile/profiles.ts";
import { Cap } from "../../events/registers/capability.ts";
import { at } from "../../events/registers/offset.ts";
import type { GuestSetup, Setup } from "../../events/setup.ts";
import type { Evidence, UnitKnown } from "../evidence.ts";
import type { PageRow, TranslationRow } from "../observation.ts";
import { rulesOf } from "../walk/rules.ts";
import type { MemoryImage } from "./memory-image.ts";
import { emptyImage } from "./memory-image.ts";
import { addressMask, putContext, putPages, putPasid } from "./put-rows.ts";
import { StateError } from "./state-error.ts";

/** A log that a dump makes: a set-up and the inputs that lead to what the dump shows. */
export interface State {
  /** Name of the unit. */
  readonly unit: string;
  readonly setup: Setup;
  readonly inputs: readonly Input[];
  /** What was chosen, and what is left out; one sentence each. */
  readonly notes: readonly string[];
}

const gibibyte = 1n << 30n;

/** The gibibytes that addresses lie in, as ranges that map themselves. */
function identity(addresses: readonly bigint[]): GuestSetup["p2m"] {
  const all = [...new Set(addresses.map((one) => one / gibibyte))].toSorted((a, b) =>
    a < b ? -1 : 1,
  );
  const ranges: { first: bigint; count: bigint }[] = [];
  for (const index of all) {
    const last = ranges.at(-1);
    if (last !== undefined && last.first + last.count === index) last.count += 1n;
    else ranges.push({ first: index, count: 1n });
  }
  return ranges.map(({ first, count }) => ({
    gpa: gpa(first * gibibyte),
    hpa: hpa(first * gibibyte),
    length: count * gibibyte,
    pageSize: "1G",
    read: true,
    write: true,
  }));
}

const register = (offset: number, size: 4 | 8, value: bigint): Input => ({
  type: "RegisterWrite",
  offset,
  size,
  value,
});

/** The unit that the state is of: the one with that name, or the only one that has rows. */
function unitOf({ rows, units }: Evidence, wanted: string | undefined): UnitKnown {
  const names = [...new Set(rows.map(({ unit }) => unit))];
  const name = wanted ?? names[0];
  if (name === undefined) {
    throw new StateError("a state needs dmar_translation_struct: it names the tables of devices");
  }
  if (!names.includes(name)) {
    throw new StateError(`there is no unit ${name} with rows; those are ${names.join(", ")}`);
  }
  const unit = units.find((one) => one.name === name);
  if (unit?.rootTable === undefined) {
    throw new StateError(`the root table of ${name} is not told`);
  }
  return unit;
}

/** Capabilities for a unit of which none are told: whatever entries may ask for is there. */
const chosen = {
  ver: 0x10n,
  cap: profiles.everything.cap,
  ecap: profiles["everything-scalable"].ecap,
};

/** The rows of page tables of some devices. */
const pagesOf = ({ pageRows }: Evidence, rows: readonly TranslationRow[]): readonly PageRow[] => {
  const sources = new Set(rows.map(({ source }) => source));
  return pageRows.filter(({ source }) => sources.has(source));
};

const allIsChosen =
  "CAP and ECAP are not told (iommu_regset has them, and dmesg's line of the unit): a unit that " +
  "can do everything was taken.";

const directoryIsChosen =
  "No file shows the PASID directory, nor the last words of context and PASID entries: they were " +
  "chosen, and are marked as assumed.";

function notesOf(
  rows: readonly TranslationRow[],
  unit: UnitKnown,
  isTold: boolean,
): readonly string[] {
  const others = new Set(rows.map((row) => row.unit).filter((one) => one !== unit.name));
  const isScalable = rows.some((row) => row.unit === unit.name && row.pasidWords);
  const left = `Left out: ${[...others].join(", ")}; --unit takes one of them.`;
  return [
    ...(isTold ? [] : [allIsChosen]),
    ...(isScalable ? [directoryIsChosen] : []),
    ...(others.size === 0 ? [] : [left]),
  ];
}

/** The addresses that entries of a dump point at. */
function targetsOf(rows: readonly TranslationRow[], pages: readonly PageRow[]): readonly bigint[] {
  return [
    ...rows.flatMap(({ root, context }) => [...root, context[0]]),
    ...pages.map(({ entries }) => entries.findLast((one) => one !== 0n) ?? 0n),
  ].map((entry) => entry & addressMask);
}

/** The memory that holds what the rows show; tables whose place no file says lie behind `free`. */
function imageOf(
  rows: readonly TranslationRow[],
  pages: readonly PageRow[],
  rootTable: bigint,
  free: bigint,
): MemoryImage {
  const image = emptyImage();
  for (const row of rows) {
    const leaf = BigInt(row.source) * 16384n + BigInt((row.pasid ?? 0) >> 6);
    putContext(image, row, rootTable);
    putPasid(image, row, free + 4096n * leaf);
  }
  for (const page of pages) putPages(image, page);
  return image;
}

const { rwbf } = masksOf(Cap);

/** The registers that set a unit going with these tables, all of which it sees. */
const startOf = (cap: bigint, rootTable: bigint, isScalable: boolean): readonly Input[] => [
  ...((cap & rwbf) === 0n ? [] : [register(at.gcmd, 4, 0x800_0000n)]),
  register(at.rtaddr, 8, rootTable | (isScalable ? 0x400n : 0n)),
  register(at.gcmd, 4, 0x4000_0000n),
  register(at.gcmd, 4, 0x8000_0000n),
];

/**
 * The state that the files of debugfs in a text show: of one unit, with memory that maps itself.
 *
 * @param wanted  name of the unit; the first one with rows when missing.
 * @throws StateError when there is no such unit, or no file says which tables a device has.
 */
export function stateOf(evidence: Evidence, wanted: string | undefined): State {
  const unit = unitOf(evidence, wanted);
  const rootTable = unit.rootTable ?? 0n;
  const rows = evidence.rows.filter((row) => row.unit === unit.name);
  const pages = pagesOf(evidence, rows);
  const shown = [rootTable, ...targetsOf(rows, pages)];
  const top = shown.reduce((most, one) => (one > most ? one : most), 0n);
  const image = imageOf(rows, pages, rootTable, (top / gibibyte + 1n) * gibibyte);
  const isTold = rulesOf(unit, evidence.hostAddressWidth).isKnown;
  const isScalable = rows.some(({ pasidWords }) => pasidWords !== undefined);
  const known = image.known();
  const guest: GuestSetup = {
    profile: `${unit.name}, from debugfs`,
    ...(isTold ? { ver: unit.ver ?? 0x10n, cap: unit.cap ?? 0n, ecap: unit.ecap ?? 0n } : chosen),
    haw: evidence.hostAddressWidth ?? 52,
    p2m: identity([...shown, ...known.map((range) => range.gpa)]),
    devices: [...new Set(rows.map(({ source }) => source))].map((source) => ({
      device: sourceId(source),
      physical: false,
    })),
    known,
  };
  const inputs = [...image.writes(), ...startOf(guest.cap, rootTable, isScalable)];
  return {
    unit: unit.name,
    setup: { guests: [guest] },
    inputs,
    notes: notesOf(evidence.rows, unit, isTold),
  };
}

/** The devices of a state, as questions name them. */
export const devicesOfState = ({ setup }: State): readonly string[] =>
  setup.guests.flatMap(({ devices }) => devices.map(({ device }) => formatSourceId(device)));
