import type { World } from "../../projections/world.ts";
import { radixGet, radixSet } from "../../tables/radix.ts";
import { eventNumbers } from "../columns/event-column.ts";
import { scan } from "../columns/scan.ts";
import { touching } from "../memory-use/last-writer.ts";
import { stepOfEvent } from "../timeline/seek.ts";
import type { Timeline } from "../timeline/timeline.ts";
import type { LateWrites } from "../unseen.ts";
import { followLateWrites, noLateWrites } from "../unseen.ts";

const [cpu = 0] = eventNumbers(["MemoryWrite"]);
const lineBytes = 64n;

/** The last write to a line that the unit did not see at once, put into what is known. */
function withLine(timeline: Timeline, old: LateWrites, line: bigint, until: number): LateWrites {
  const place = { guest: old.guest, gpa: line * lineBytes, length: Number(lineBytes) };
  const { mayBeIn, isAt } = touching(place, ({ written }) => written);
  const wanted = {
    mayBeIn,
    isAt: (...row: Parameters<typeof isAt>): boolean =>
      row[0].event[row[1]] === cpu && isAt(...row),
  };
  for (let from = until; from >= 1; ) {
    const seq = scan(timeline.columns, { from, to: 1 }, wanted);
    const step = seq === undefined ? undefined : stepOfEvent(timeline, seq);
    if (step === undefined) return old;
    const none = noLateWrites(old.guest);
    if (followLateWrites(none, step) !== none) {
      return { ...old, byLine: radixSet(old.byLine, Number(line), step.seq) };
    }
    from = step.seq - 1;
  }
  return old;
}

/**
 * Who last wrote to some lines without the unit's seeing it: as following every step up to a world
 * would say of these lines. Only lines of pages that are newer in the CPU's caches or in the write
 * buffer are looked for.
 */
export function lateWritesIn(
  timeline: Timeline,
  world: World,
  guest: number,
  addresses: readonly bigint[],
): LateWrites {
  const memory = world.guests[guest]?.memory;
  const isNewer = (page: number): boolean =>
    memory !== undefined &&
    (radixGet(memory.ahead, page) ?? radixGet(memory.buffered, page)) !== undefined;
  let late = noLateWrites(guest);
  for (const line of new Set(addresses.map((address) => address / lineBytes))) {
    if (!isNewer(Number(line / 64n))) continue;
    late = withLine(timeline, late, line, world.seq);
  }
  return late;
}
