import { Rtaddr } from "../../events/registers/command.ts";
import type { Memory } from "../../tables/memory.ts";
import { radixForEach, radixSet } from "../../tables/radix.ts";
import type { Guest } from "../guest.ts";
import { tableModeOf } from "../registers/registers.ts";

/** What of a guest says how its unit sees memory. */
type Seeing = Pick<Guest, "profile" | "rootPointer">;

const snooped = new WeakMap<Memory, Memory>();

/**
 * Memory as reads see it that snoop the CPU's caches, where others do not.
 *
 * Reading: a write buffer (CAP.RWBF) keeps nothing from reads that snoop where others do not.
 */
function asSnooped(memory: Memory): Memory {
  const { buffered, ahead } = memory;
  if (ahead.size === 0 && buffered.size === 0) return memory;
  const known = snooped.get(memory);
  if (known !== undefined) return known;
  let { visible } = memory;
  for (const newer of [buffered, ahead]) {
    radixForEach(newer, 0, Number.MAX_SAFE_INTEGER, (gfn, { page }) => {
      visible = radixSet(visible, gfn, page);
    });
  }
  const seen = { ...memory, visible };
  snooped.set(memory, seen);
  return seen;
}

/** A guest's memory as root, context, PASID and interrupt entries and directories are read. */
export const asTablesSeeIt = ({ profile }: Seeing, memory: Memory): Memory =>
  profile.splitSight && profile.coherent ? asSnooped(memory) : memory;

/**
 * A guest's memory as paging structures are read.
 *
 * Reading: those of scalable mode are snooped by ECAP.SMPWC alone; PWSNP of a PASID entry changes
 * nothing.
 */
export function asWalksSeeIt(guest: Seeing, memory: Memory): Memory {
  const { profile } = guest;
  if (!profile.splitSight) return memory;
  const isScalable = tableModeOf(guest) === Rtaddr.fields.ttm.names.scalable;
  const snoops = isScalable ? profile.walkSnoop : profile.coherent;
  return snoops ? asSnooped(memory) : memory;
}
