import fc from "fast-check";
import { gpaOfPage, hpaOfPage, sourceId } from "../../events/address.ts";
import type { PageSize } from "../../events/input.ts";
import { pagesIn } from "../../events/input.ts";
import type { GuestSetup } from "../../events/setup.ts";
import { arena, frames, smallPages, sources } from "./arena.ts";
import type { Words } from "./capability.ts";
import { anyWords, chance } from "./capability.ts";

type Range = GuestSetup["p2m"][number];

interface Draws {
  readonly words: Words;
  readonly odd: number;
  readonly shift: number;
  readonly readOnly: number;
  readonly hole: number;
  readonly swapped: boolean;
  readonly physical: readonly boolean[];
}

const blockPages = 4;
const blocks = smallPages / blockPages;

const range = (gfn: number, hfn: number, count: number, pageSize: PageSize): Range => ({
  gpa: gpaOfPage(gfn),
  hpa: hpaOfPage(hfn),
  length: BigInt(count) * 4096n,
  pageSize,
  read: true,
  write: true,
});

/** Blocks of small pages in an order of their own; one cannot be written, one is not there. */
function smallRanges(guest: number, draws: Draws): Range[] {
  const ranges: Range[] = [];
  for (let block = 0; block < blocks; block++) {
    if (block === draws.hole) continue;
    const to = (block * draws.odd + draws.shift) % blocks;
    const hfn = frames.small(guest) + to * blockPages;
    const one = range(block * blockPages, hfn, blockPages, "4K");
    ranges.push(block === draws.readOnly ? { ...one, write: false } : one);
  }
  return ranges;
}

function largeRanges(guest: number, swapped: boolean): Range[] {
  const pages = pagesIn["2M"];
  const at = (index: number): number => frames.large(guest) + index * pages;
  const [first, second] = swapped ? [1, 0] : [0, 1];
  return [
    range(arena.large[0], at(first), pages, "2M"),
    range(arena.large[1], at(second), pages, "2M"),
    range(arena.interrupt[0], at(2), pages, "2M"),
    range(arena.interrupt[1], at(3), pages, "2M"),
    range(arena.high, at(4), pages, "2M"),
    range(arena.huge, frames.huge(guest), pagesIn["1G"], "1G"),
  ];
}

function guestOf(index: number, draws: Draws): GuestSetup {
  const [first, function4, otherBus, behind] = draws.physical;
  const device = (source: number, physical: boolean | undefined) => ({
    device: sourceId(source),
    physical: physical === true,
  });
  return {
    ...draws.words,
    p2m: [...smallRanges(index, draws), ...largeRanges(index, draws.swapped)],
    devices: [
      device(sources.first, first),
      device(sources.function4, function4),
      device(sources.otherBus, otherBus),
      { ...device(sources.behindBridge, behind), alias: sourceId(sources.bridge) },
      device(sources.virtual, false),
    ],
  };
}

const anyDraws: fc.Arbitrary<Draws> = fc.record({
  words: anyWords,
  odd: fc.constantFrom(1, 3, 5, 7, 9, 11, 13),
  shift: fc.nat(blocks - 1),
  readOnly: fc.integer({ min: 6, max: blocks - 1 }),
  hole: fc.integer({ min: 6, max: blocks - 1 }),
  swapped: fc.boolean(),
  physical: fc.array(chance(80), { minLength: 4, maxLength: 4 }),
});

/** One or two guests with random legal units, devices on three buses and permuted host frames. */
export const anyGuests: fc.Arbitrary<readonly GuestSetup[]> = fc
  .oneof(
    { weight: 2, arbitrary: fc.tuple(anyDraws) },
    { weight: 1, arbitrary: fc.tuple(anyDraws, anyDraws) },
  )
  .map((all) => all.map((draws, index) => guestOf(index, draws)));
