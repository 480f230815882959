import { pageIn } from "../../events/address.ts";
import { ExtendedContextEntry } from "../../events/context/extended-context-entry.ts";
import { halfMasks, halvesOfField, numberIn } from "../../events/layout/field-halves.ts";
import { SecondStageEntry } from "../../events/shadow/second-stage-entry.ts";
import type { Page } from "../../tables/memory.ts";
import { half, pageAt } from "../../tables/memory.ts";
import type { Guest } from "../guest.ts";
import type { PathWords } from "./path-words.ts";

const { neste, paside, slptptr, aw } = ExtendedContextEntry.fields;
const bits = halvesOfField(neste).mask | halvesOfField(paside).mask;
const root = halvesOfField(slptptr);
const width = halvesOfField(aw);
const { r, ps } = halfMasks(SecondStageEntry);
const { above } = halvesOfField(SecondStageEntry.fields.address);

/** Whether the extended context entry that begins at a half puts its PASID table behind a stage. */
export const isNested = (page: Page | undefined, at: number): boolean =>
  (half(page, at) & bits) === bits;

/**
 * Where the second stage of an extended context entry puts a page, as far as its tables lead now:
 * whatever they say besides where the next one is. Adds what is read to `words`.
 *
 * @returns `undefined` where they lead nowhere.
 */
export function behindSecond(
  { memory }: Pick<Guest, "memory">,
  context: Page | undefined,
  at: number,
  wanted: number,
  words: PathWords[],
): number | undefined {
  let table = pageIn(half(context, at + root.half), half(context, at + root.half + 1), root.above);
  for (let level = numberIn(width, half(context, at + width.half)) + 2; level > 0; level--) {
    const span = 512 ** (level - 1);
    const index = Math.floor(wanted / span) % 512;
    words.push({ page: table, offset: index * 8, bytes: 8, part: "pasidPending" });
    const page = pageAt(memory, table);
    const [low, high] = [half(page, index * 2), half(page, index * 2 + 1)];
    if ((low & r) === 0) return undefined;
    table = pageIn(low, high, above);
    if (level === 1) return table;
    if ((low & ps) === 0) continue;
    return level > 3 ? undefined : table - (table % span) + (wanted % span);
  }
  return undefined;
}
