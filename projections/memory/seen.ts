import { lineSeen } from "../../tables/memory.ts";
import { radixForEach } from "../../tables/radix.ts";
import { copyGuest } from "../evolve.ts";
import type { Draft, Guest } from "../guest.ts";
import type { World } from "../world.ts";
import { markChanged } from "./evolve-memory.ts";

/** Whether the CPUs of a guest have written anything that the unit need not see yet. */
export const hasUnseen = ({ memory }: Guest): boolean =>
  memory.ahead.size > 0 || memory.buffered.size > 0;

/** Makes one line of 64 bytes visible, as it was written last. */
function seeLine(guest: Draft<Guest>, gfn: number, offset: number, seq: number): void {
  const before = guest.memory;
  guest.memory = lineSeen(before, gfn, offset);
  const from = offset & ~63;
  markChanged(guest, { before, gfn, from, to: from + 64, seq });
}

function changed(world: World, index: number, change: (guest: Draft<Guest>) => void): World {
  const guest = world.guests[index];
  if (guest === undefined) return world;
  const copy = copyGuest(guest);
  change(copy);
  return { ...world, guests: world.guests.with(index, copy) };
}

/**
 * A world that may be in place of this one: the unit sees a line as the CPU wrote it, since caches
 * may evict it, and write buffers empty themselves, at any time.
 *
 * @param address  GPA in bytes of a byte of the line.
 */
export const withLineSeen = (world: World, index: number, address: bigint): World =>
  changed(world, index, (guest) =>
    seeLine(guest, Number(address >> 12n), Number(address & 0xfffn), world.seq),
  );

/** The same where the unit sees all that the CPU wrote. */
export function withAllSeen(world: World): World {
  let next = world;
  for (const [index, { memory }] of world.guests.entries()) {
    if (memory.ahead.size === 0 && memory.buffered.size === 0) continue;
    next = changed(next, index, (guest) => {
      for (const newer of [memory.buffered, memory.ahead]) {
        radixForEach(newer, 0, Number.MAX_SAFE_INTEGER, (gfn) => {
          for (let offset = 0; offset < 4096; offset += 64) seeLine(guest, gfn, offset, world.seq);
        });
      }
    });
  }
  return next;
}
