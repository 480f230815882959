import { levelsOfWidth } from "../../events/context/context-entry.ts";
import { levelsOfMode, PasidEntry } from "../../events/context/pasid-entry.ts";
import type { Input } from "../../events/input.ts";
import type { GuestSetup } from "../../events/setup.ts";
import { createWorld } from "../../hypervisor/create-world.ts";
import { fold } from "../../hypervisor/fold.ts";
import { isScalable } from "../../projections/context/context-path.ts";
import type { Guest } from "../../projections/guest.ts";
import type { Avoidance, Contexts } from "../../target/deviation.ts";
import { noContexts } from "../../target/known.ts";
import { contextsAfter, contextsUsed } from "./context-memory.ts";
import { requesterIn } from "./dma-situation.ts";
import { readTables } from "./scalable-tables.ts";

/** Levels of page tables for which QEMU has masks of reserved bits. */
const mostLevels = 4;

/** Whether a request makes QEMU walk more levels of page tables than it has masks for. */
function isTooDeep(guest: Guest, source: number, { passing, entries }: Contexts): boolean {
  const isOn = guest.charts.translation === "enabled" && isScalable(guest);
  if (!isOn || passing.has(source)) return false;
  const { entry } = readTables(guest, source, entries.get(source));
  if (entry === undefined) return false;
  const { aw, fspm } = PasidEntry.decode(entry);
  return (guest.profile.flts ? levelsOfMode(fspm) : levelsOfWidth(aw)) > mostLevels;
}

/** The inputs without DMA that makes QEMU walk too many levels. */
function withoutDeep(setup: GuestSetup, inputs: readonly Input[]): readonly Input[] {
  let world = createWorld({ guests: [setup] });
  if (!world.guests.some(({ profile }) => profile.smts)) return inputs;
  let contexts = noContexts;
  return inputs.filter((input) => {
    const [guest] = world.guests;
    if (guest !== undefined && input.type === "Dma") {
      const source = requesterIn(guest, input.device);
      if (isTooDeep(guest, source, contexts)) return false;
      contexts = contextsUsed(contexts, guest, source);
    }
    const folded = fold(world, input);
    world = folded.world;
    for (const fact of folded.facts) contexts = contextsAfter(contexts, fact, world);
    return true;
  });
}

/** Page tables of more levels than QEMU knows, which end it. */
export const deepTables: Avoidance = {
  id: "table-levels-unchecked",
  change: (input) => input,
  without: withoutDeep,
};
