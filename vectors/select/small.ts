import type { Input } from "../../events/input.ts";
import type { Profile } from "../../events/profile/profile.ts";
import { withoutCommands, withoutDescriptors, withoutGroups } from "../../target/reductions.ts";
import { isCertain, isLikelyCertain } from "../certain.ts";
import type { Made } from "../make.ts";
import { makeSteps } from "../make.ts";

/** Whether a program still does what it was chosen for. */
export type Wanted = (made: Made) => boolean | Promise<boolean>;

/** Programs with one input, or some side by side, fewer; the last ones first. */
function* withoutStretches(inputs: readonly Input[], stretch: number) {
  for (let from = inputs.length - stretch; ; from -= stretch) {
    const start = Math.max(0, from);
    yield { start, stretch };
    if (from <= 0) return;
  }
}

/** How many of the first inputs do what the program was chosen for, if any fewer do. */
async function wantedLength(
  profile: Profile,
  inputs: readonly Input[],
  isWanted: Wanted,
): Promise<number> {
  let [none, enough] = [0, inputs.length];
  while (enough - none > 1) {
    const middle = (none + enough) >> 1;
    if (await isWanted(makeSteps(profile, inputs.slice(0, middle)))) enough = middle;
    else none = middle;
  }
  return enough;
}

/**
 * A program with as few inputs as still do what it was chosen for, and leave nothing open.
 *
 * @param inputs  of which each answer is certain.
 */
export async function smallest(
  profile: Profile,
  inputs: readonly Input[],
  isWanted: Wanted,
): Promise<readonly Input[]> {
  const quick = await reduced(profile, inputs, isWanted, isLikelyCertain);
  if (isCertain(profile, quick, makeSteps(profile, quick))) return quick;
  return reduced(profile, inputs, isWanted, isCertain);
}

async function reduced(
  profile: Profile,
  inputs: readonly Input[],
  isWanted: Wanted,
  isFine: typeof isCertain,
): Promise<readonly Input[]> {
  let best = inputs;
  const take = async (tried: readonly Input[]): Promise<boolean> => {
    if (tried.length >= best.length && tried !== best) return false;
    const made = makeSteps(profile, tried);
    if (!(await isWanted(made)) || !isFine(profile, tried, made)) return false;
    best = tried;
    return true;
  };
  await take(best.slice(0, await wantedLength(profile, best, isWanted)));
  // What fills pages with patterns is mostly not needed.
  await take(best.filter((input) => input.type !== "MemoryWrite" || input.bytes.length < 256));
  for (let stretch = best.length >> 1; stretch >= 1; ) {
    const before = best.length;
    for (const fewer of withoutGroups(best)) if (await take(fewer)) break;
    for (const other of withoutCommands(best)) if (await take(other)) break;
    for (const { start, stretch: count } of withoutStretches(best, stretch)) {
      if (start < best.length) await take(best.toSpliced(start, count));
    }
    for (let index = best.length - 1; index >= 0; index--) {
      const fewer = withoutDescriptors(best, index);
      if (fewer !== undefined) await take(fewer);
    }
    if (stretch === 1 && best.length === before) break;
    stretch = Math.max(1, stretch >> 1);
  }
  return best;
}
