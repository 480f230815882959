import { bytesOfNumber } from "../../events/acpi/little-endian.ts";
import { gpa, hpa } from "../../events/address.ts";
import type { InputOf } from "../../events/input.ts";
import {
  PasidEntry,
  pasidPointerReserved,
  pasidReserved,
  pasidTypes,
} from "../../events/pasid-entry.ts";
import type { Levels, Profile } from "../../events/profile.ts";
import { scalableContextReserved } from "../../events/scalable-context-entry.ts";
import type { ContextStep } from "../../machines/context.ts";
import { fold } from "../../machines/hypervisor.ts";
import type { World } from "../../projections/world.ts";
import { evictions } from "../fuzz/evict.ts";
import { modelText } from "../fuzz/outcome.ts";
import { entriesRead } from "./table-view.ts";

/**
 * Something that a target does not look at in the tables that lead to a request's translation,
 * as the change to the tables after which it would be right:
 *
 * - `context`: bits of the context entry for what the unit does not have, RID_PASID among them,
 *   and whether that lies beyond the directory;
 * - `reserved`: reserved bits of the directory and PASID entry;
 * - `suppression`: FPD of the directory and PASID entry;
 * - `all suppression`: of the context entry too;
 * - `presence`: P of the PASID entry;
 * - `type`: translation types for which the unit has no tables, which are taken for second stages;
 *   and the width of those that have none;
 * - `device`: that the ranges of devices, the interrupt controller among them, are no memory.
 */
export type Edit =
  | ("context" | "reserved" | "suppression" | "presence")
  | ("all suppression" | "type" | "device");

/** Bits 8:5 and those above bit 20 of the upper half, and addresses beyond the width. */
const contextChecked = ({ haw }: Profile): bigint =>
  (0xfn << 5n) | (((1n << 64n) - 1n) & ~((1n << BigInt(haw)) - 1n)) | (((1n << 171n) - 1n) << 85n);

const [present, suppressed] = [1n, 2n];

/** A pointer that the type of a PASID entry uses, beyond the width: no memory is there. */
function withoutReserved(profile: Profile, entry: bigint): bigint {
  const { pgtt } = PasidEntry.decode(entry);
  const beyond = pasidPointerReserved(profile, pgtt);
  const unreadable = (1n << BigInt(profile.haw)) - 0x1000n;
  let changed = entry & ~pasidReserved(profile);
  if ((changed & beyond) === 0n) return changed;
  const shift = pgtt === 1 ? 128n : 0n;
  changed &= ~(beyond | (unreadable << shift));
  return changed | (unreadable << shift);
}

/** A PASID entry as it is read where only the second stage is known. */
function asSecondStage(profile: Profile, entry: bigint): bigint {
  const { pgtt, aw } = PasidEntry.decode(entry);
  const isWide = pgtt === pasidTypes.passThrough && !profile.levels.has((aw + 2) as Levels);
  const isOther = pgtt === pasidTypes.firstStage || pgtt === pasidTypes.nested || isWide;
  return isOther ? (entry & ~0x1c0n) | 0x80n : entry;
}

/** Another entry in place of one that was read; the same one where nothing changes. */
function editedEntry(profile: Profile, { table, entry = 0n }: ContextStep, edits: Edits): bigint {
  let changed = entry;
  const isRecorded = edits.has("all suppression") || edits.has("suppression");
  if (table === "context") {
    if (edits.has("all suppression")) changed &= ~suppressed;
    const unlooked = scalableContextReserved(profile) & ~contextChecked(profile);
    // The size of the directory is not looked at either: as large as it can be.
    if (edits.has("context")) changed = (changed & ~unlooked) | (7n << 9n);
    return changed;
  }
  if (table === "root") return entry;
  if (isRecorded) changed &= ~suppressed;
  if (table === "PASID entry") {
    if (edits.has("type")) changed = asSecondStage(profile, changed);
    if (edits.has("presence")) changed |= present;
    return edits.has("reserved") ? withoutReserved(profile, changed) : changed;
  }
  const beyond = changed >> BigInt(profile.haw) !== 0n;
  if (!edits.has("reserved")) return changed;
  const pointer = beyond ? (1n << BigInt(profile.haw)) - 0x1000n : changed & ~0xfffn;
  return pointer | (changed & 3n);
}

export type Edits = ReadonlySet<Edit>;

const bytesOf: Readonly<Record<ContextStep["table"], number>> = {
  root: 8,
  context: 32,
  "PASID directory": 8,
  "PASID entry": 64,
};

/** Devices at fixed addresses: first byte and bytes of each range. */
const deviceRanges = [
  [0xa_0000n, 0x6_0000n],
  [0xfee0_0000n, 0x10_0000n],
] as const;

/** The guest with the tables of a source-id changed. The walk is read again after each change. */
export function edited(world: World, source: number, edits: Edits): World {
  let changed = world;
  if (edits.has("device")) {
    for (const [base, length] of deviceRanges) {
      const at = { gpa: gpa(base), hpa: hpa(base), length };
      const grant = { pageSize: "4K", read: true, write: true } as const;
      changed = fold(changed, { type: "P2mMap", ...at, ...grant }).world;
    }
  }
  const [first] = changed.guests;
  if (first !== undefined && edits.has("context") && !first.profile.ridPasid) {
    const profile = withRidPasid(first.profile);
    changed = { ...changed, guests: [{ ...first, profile }] };
  }
  for (let round = 0; round < 4; round++) {
    const [guest] = changed.guests;
    if (guest === undefined) return changed;
    const wrong = entriesRead(guest, source).find(
      (step) => editedEntry(guest.profile, step, edits) !== (step.entry ?? 0n),
    );
    if (wrong === undefined) return changed;
    const value = editedEntry(guest.profile, wrong, edits);
    const bytes = bytesOfNumber(value, bytesOf[wrong.table]);
    const write = { type: "MemoryWrite", gpa: gpa(wrong.address), bytes, flushed: true } as const;
    changed = fold(changed, write).world;
  }
  return changed;
}

const widened = new WeakMap<Profile, Profile>();

function withRidPasid(profile: Profile): Profile {
  const known = widened.get(profile) ?? { ...profile, ridPasid: true };
  widened.set(profile, known);
  return known;
}

/** What becomes of a DMA in the changed guest, with all that may be cached of it, as text. */
export function* outcomesAfter(
  world: World,
  source: number,
  input: InputOf<"Dma">,
  edits: Edits,
): Generator<{ readonly text: string; readonly world: World }> {
  const changed = edited(world, source, edits);
  if (changed === world) return;
  for (const each of [changed, ...evictions(changed, source, input.iova)]) {
    yield { text: modelText(fold(each, input).facts, undefined), world: each };
  }
}
