import { isDeepStrictEqual } from "node:util";
import { gunzipSync } from "node:zlib";
import type { Input } from "../events/input.ts";
import { openRecording } from "../events/log/recording.ts";
import { createWorld } from "../hypervisor/create-world.ts";
import { fold } from "../hypervisor/fold.ts";
import { stateHash } from "../projections/digest.ts";
import { restoredState } from "../projections/life/restored-state.ts";
import { saveGuest } from "../projections/life/save-record.ts";
import type { World } from "../projections/world.ts";

/** The world with every unit gone through a record. */
const throughRecords = (world: World): World => ({
  ...world,
  guests: world.guests.map((guest) => ({
    ...guest,
    ...restoredState(guest, saveGuest(guest, world.owners)),
  })),
});

function inputsOf(recording: Uint8Array): { start: World; inputs: readonly Input[] } {
  const [first = "", ...lines] = gunzipSync(recording).toString("utf8").trim().split("\n");
  const { setup, read } = openRecording(first);
  const inputs = lines.flatMap((line, index) => read(line, index + 2));
  return { start: createWorld(setup), inputs };
}

/**
 * Folds a recording twice, once with its units saved and restored after one input in `every`, each
 * time from what the last restore gave.
 *
 * @param recording  the gzipped file.
 * @returns where the two first differ, or `undefined`; and how often units were restored.
 */
export function chain(
  recording: Uint8Array,
  every: number,
): { readonly differs: string | undefined; readonly restores: number } {
  const { start, inputs } = inputsOf(recording);
  let [plain, saved, restores] = [start, start, 0];
  for (const [index, input] of inputs.entries()) {
    const [wanted, found] = [fold(plain, input), fold(saved, input)];
    if (!isDeepStrictEqual(found.facts, wanted.facts)) {
      return { differs: `input ${index} has other consequences`, restores };
    }
    plain = wanted.world;
    saved = found.world;
    if (index % every === 0) {
      saved = throughRecords(saved);
      restores += 1;
    }
    const compares = index % 1000 === 0 || index === inputs.length - 1;
    if (compares && stateHash(saved) !== stateHash(plain)) {
      return { differs: `the state after input ${index} is another`, restores };
    }
  }
  return { differs: undefined, restores };
}
