import { hpa, iova, sourceId } from "../events/address.ts";
import type { Input } from "../events/input.ts";
import type { Setup } from "../events/setup.ts";
import { loadRecorded } from "./recorded.ts";

/** One guest each; the small ones' worlds change most. */
const recordings = [
  "linux-legacy-nvme",
  "linux-scalable-nvme",
  "linux-vfio-edu",
  "linux-legacy-nvme-load",
] as const;
/** Inputs of a recording that are told before the next guest has its turn. */
const turn = 200;
/** Guests' memory is as far apart in the host's. */
const apart = 2 ** 40;

/** A long log. */
export interface LoopedLog {
  readonly setup: Setup;
  readonly inputs: Iterable<Input>;
}

/**
 * Of eight requests one goes to another page, of sixty-four one comes from another device: the
 * further the recordings have been gone through, the further away.
 */
function varied(input: Input, place: number, loop: number): Input {
  if (input.type !== "Dma" || place % 8 !== 0) return input;
  const page = BigInt((place * 7 + loop * 13) % 4096) << 12n;
  const moved = { ...input, iova: iova(input.iova ^ page) };
  if (place % 64 !== 0) return moved;
  return { ...moved, device: sourceId(((1 + (loop % 8)) << 8) | (((place >> 6) % 4) << 3)) };
}

/** Four recordings over and over, each in a guest of its own, in turns: `count` inputs. */
export function loopedLog(count: number): LoopedLog {
  const all = recordings.map((name) => loadRecorded(name));
  const guests = all.flatMap(({ setup }, index) =>
    setup.guests.map((guest) => ({
      ...guest,
      p2m: guest.p2m.map((range) => ({ ...range, hpa: hpa(range.hpa + BigInt(index * apart)) })),
    })),
  );
  function* inputs(): Generator<Input, void, void> {
    const at = all.map(() => 0);
    for (let told = 0; told < count; ) {
      for (const [guest, { inputs: of }] of all.entries()) {
        for (let of200 = 0; of200 < turn && told < count; of200++, told++) {
          const place = at[guest] as number;
          const input = of[place % of.length] as Input;
          const loop = Math.floor(place / of.length);
          at[guest] = place + 1;
          const changed = varied(input, place, loop);
          yield guest === 0 ? changed : ({ ...changed, guest } as Input);
        }
      }
    }
  }
  return { setup: { guests }, inputs: inputs() };
}
