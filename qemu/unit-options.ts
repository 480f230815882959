import { ProgramError } from "../target/program-error.ts";
import type { QemuBinary } from "./binary.ts";

/** A property of QEMU's unit: its names, of which a version has one or none, and its value. */
type Wanted = readonly [names: readonly string[], value: string];

const caching: Wanted = [["caching-mode"], "on"];
const remapping: Wanted = [["intremap"], "on"];
const bits = (value: number): Wanted => [["aw-bits"], value.toString()];
const scalable: Wanted = [["scalable-mode", "x-scalable-mode"], "on"];
const firstStages: Wanted = [["fsts", "x-flts"], "on"];
const snooping: Wanted = [["snoop-control"], "on"];
const pasids: Wanted = [["pasid-bits"], "20"];

/** What QEMU's unit is to be able to do, by the name of a profile. */
const wanted = {
  legacy: [caching, remapping, bits(48)],
  narrow: [caching, remapping, bits(39)],
  uncached: [[["caching-mode"], "off"], remapping, bits(48)],
  scalable: [caching, remapping, bits(48), scalable],
  snooping: [caching, remapping, bits(48), scalable, snooping],
  "first-stage": [caching, remapping, bits(48), scalable, firstStages],
  pasids: [caching, remapping, bits(48), scalable, firstStages, pasids],
} as const satisfies Readonly<Record<string, readonly Wanted[]>>;

/** The name of a profile of QEMU's unit. */
export type UnitProfile = keyof typeof wanted;

/** Every profile of QEMU's unit, in the order in which they are listed. */
export const unitProfiles = Object.keys(wanted).filter(isUnitProfile);

/** Whether a word names a profile of QEMU's unit. */
export function isUnitProfile(name: string): name is UnitProfile {
  return Object.hasOwn(wanted, name);
}

/** What a QEMU calls one of its unit's properties; nothing if it has none of these names. */
const nameIn = ({ properties }: QemuBinary, names: readonly string[]): string | undefined =>
  names.find((name) => properties.has(name));

/** Whether a QEMU's unit can be what a profile asks for. */
export const offers = (binary: QemuBinary, profile: UnitProfile): boolean =>
  wanted[profile].every(([names]) => nameIn(binary, names) !== undefined);

/**
 * The options of a QEMU's unit for a profile, each with a comma before it, by the names that its
 * own help gives them: they changed from version to version.
 *
 * @throws ProgramError when it has no such property.
 */
export function unitOptionsOf(binary: QemuBinary, profile: UnitProfile): string {
  const words = wanted[profile].map(([names, value]: Wanted) => {
    const name = nameIn(binary, names);
    if (name !== undefined) return `,${name}=${value}`;
    const lacks = `intel-iommu of QEMU ${binary.version} has no ${names.join(" or ")}`;
    throw new ProgramError(`--profile ${profile}: ${lacks}`);
  });
  return words.join("");
}

/** What makes a QEMU's unit scalable, with first stages where it has them: commas before each. */
export function scalableOptions(binary: QemuBinary): string {
  const had = [scalable, firstStages].map(([names, value]) => [nameIn(binary, names), value]);
  return had.flatMap(([name, value]) => (name === undefined ? [] : [`,${name}=${value}`])).join("");
}

/**
 * The same as {@link unitOptionsOf} for a program that was not asked: the names that versions
 * before 11 have.
 */
export const usualUnitOptions = (profile: UnitProfile): string =>
  wanted[profile].map(([names, value]: Wanted) => `,${names.at(-1) ?? ""}=${value}`).join("");

const names = Object.values(wanted).flatMap((each: readonly Wanted[]) => each.map(([of]) => of));

/** Options that were written down with another version, by the names that a QEMU has for them. */
export const renamedOptions = (binary: QemuBinary, options: string): string =>
  options.replace(/,([\w-]+)=/g, (text, name: string) => {
    const others = names.find((each) => each.includes(name)) ?? [];
    const own = nameIn(binary, others);
    return own === undefined ? text : `,${own}=`;
  });
