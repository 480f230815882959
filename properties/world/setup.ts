import fc from "fast-check";
import { gpa, gpaOfPage, hpaOfPage, sourceId } from "../../events/address.ts";
import type { PageSize } from "../../events/input.ts";
import { pagesIn } from "../../events/input.ts";
import { profileOf } from "../../events/profile/profile.ts";
import type { GuestSetup } from "../../events/setup.ts";
import { arena, frames, scalablePages, smallPages, sources } from "./arena.ts";
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
  readonly region: Reserved | undefined;
}

/** A reserved region: pages, and how many of them the P2M has already. */
interface Reserved {
  readonly count: number;
  readonly mapped: number;
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

/** The further pages of a unit with scalable mode; by draw one block cannot be written. */
function scalableRanges(guest: number, { words, odd, shift, readOnly }: Draws): Range[] {
  const { smts, ecs } = profileOf(words);
  if (!smts && !ecs) return [];
  const { first, count } = scalablePages;
  const all = count / blockPages;
  return Array.from({ length: all }, (_, block) => {
    const hfn = frames.scalable(guest) + ((block * odd + shift) % all) * blockPages;
    const one = range(first + block * blockPages, hfn, blockPages, "4K");
    return block > 1 && block === readOnly - 12 ? { ...one, write: false } : one;
  });
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

/** A reserved region, and what the P2M has of it from the start. */
function reservedOf(
  index: number,
  region: Reserved | undefined,
): { readonly ranges: readonly Range[]; readonly rmrr?: NonNullable<GuestSetup["rmrr"]> } {
  if (region === undefined) return { ranges: [] };
  const { count, mapped } = region;
  const first = arena.reserved[index] ?? arena.reserved[0];
  const base = gpaOfPage(first);
  const end = gpa(base + BigInt(count) * 4096n - 1n);
  const ranges = mapped === 0 ? [] : [range(first, first, mapped, "4K")];
  return { ranges, rmrr: [{ base, end, devices: [sourceId(sources.first)] }] };
}

function guestOf(index: number, draws: Draws): GuestSetup {
  const [first, function4, otherBus, behind] = draws.physical;
  const device = (source: number, physical: boolean | undefined) => ({
    device: sourceId(source),
    physical: physical === true,
  });
  const { ranges, ...reserved } = reservedOf(index, draws.region);
  return {
    ...draws.words,
    ...reserved,
    p2m: [
      ...smallRanges(index, draws),
      ...scalableRanges(index, draws),
      ...largeRanges(index, draws.swapped),
      ...ranges,
    ],
    devices: [
      device(sources.first, first),
      device(sources.function4, function4),
      device(sources.otherBus, otherBus),
      { ...device(sources.behindBridge, behind), alias: sourceId(sources.bridge) },
      device(sources.virtual, false),
    ],
  };
}

const anyReserved: fc.Arbitrary<Reserved> = fc.record({
  count: fc.constantFrom(1, 3, 514),
  mapped: fc.constantFrom(0, 0, 1),
});

const drawsOf = (words: fc.Arbitrary<Words>): fc.Arbitrary<Draws> =>
  fc.record({
    words,
    odd: fc.constantFrom(1, 3, 5, 7, 9, 11, 13),
    shift: fc.nat(blocks - 1),
    readOnly: fc.integer({ min: 6, max: blocks - 1 }),
    hole: fc.integer({ min: 6, max: blocks - 1 }),
    swapped: fc.boolean(),
    physical: fc.array(chance(80), { minLength: 4, maxLength: 4 }),
    region: fc.option(anyReserved, { freq: 2, nil: undefined }),
  });

/** One or two guests with units of some words, devices on three buses and permuted host frames. */
export function guestsWith(words: fc.Arbitrary<Words>): fc.Arbitrary<readonly GuestSetup[]> {
  const draws = drawsOf(words);
  return fc
    .oneof(
      { weight: 2, arbitrary: fc.tuple(draws) },
      { weight: 1, arbitrary: fc.tuple(draws, draws) },
    )
    .map((all) => all.map((each, index) => guestOf(index, each)));
}

/** Two guests, the first with a unit of some words and the second with one of others. */
export const twoGuests = (
  first: fc.Arbitrary<Words>,
  second: fc.Arbitrary<Words>,
): fc.Arbitrary<readonly GuestSetup[]> =>
  fc
    .tuple(drawsOf(first), drawsOf(second))
    .map((all) => all.map((each, index) => guestOf(index, each)));

/** One or two guests with random legal units. */
export const anyGuests: fc.Arbitrary<readonly GuestSetup[]> = guestsWith(anyWords);
