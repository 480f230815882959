import { gpa, hpa } from "../address.ts";
import type { PageSize } from "../input.ts";
import type { GuestSetup } from "../setup.ts";

/** One range of the P2M. */
type Range = GuestSetup["p2m"][number];

const page = 4096n;
const block = 512n * page;
const gigabyte = 512n * block;

/** Bytes of RAM of the recorded guests, from GPA 0. */
export const recordedRamBytes = gigabyte / 2n;

/** Host memory that guest RAM is placed in starts here. */
const ramBase = 4n * gigabyte;
/** A stretch of one gigabyte above the guest's RAM, and where the host keeps it. */
const highGpa = 4n * gigabyte;
const highHpa = 64n * gigabyte;

/** Pages in the runs of a block that is split; 512 in all. */
const runPages: readonly bigint[] = [1n, 2n, 3n, 5n, 8n, 13n, 21n, 34n, 55n, 89n, 144n, 137n];

const range = (from: bigint, to: bigint, length: bigint, pageSize: PageSize): Range => ({
  gpa: gpa(from),
  hpa: hpa(to),
  length,
  pageSize,
  read: true,
  write: true,
});

/**
 * One block in runs of 4 KiB pages. The runs start with a different length in each block, and lie
 * in the host's block in the opposite order, so that no two of them join.
 */
function splitBlock(index: number, from: bigint, to: bigint): Range[] {
  const turn = index % runPages.length;
  const lengths = [...runPages.slice(turn), ...runPages.slice(0, turn)];
  let offset = 0n;
  return lengths.map((pages) => {
    const length = pages * page;
    const start = from + offset;
    offset += length;
    return range(start, to + block - offset, length, "4K");
  });
}

/** The next power of two, at least 1. */
const roundUp = (value: bigint): bigint =>
  value <= 1n ? 1n : 1n << BigInt((value - 1n).toString(2).length);

/**
 * The P2M that a recorded guest is placed behind: never the identity, the same for every run, no
 * host page used twice.
 *
 * - Guest RAM starts at GPA 0 and is cut into blocks of 2 MiB. Of n blocks (a power of two) block
 *   b lies in the host at 4 GiB + 2 MiB * ((77 * b + 19) mod n).
 * - Blocks 3, 7, 11, ... are split into 12 runs of 1 to 144 pages of 4 KiB, in the opposite order
 *   inside the host's block; the other blocks are mappings of 2 MiB.
 * - GPA 4 GiB to 5 GiB is one mapping of 1 GiB, at 64 GiB in the host.
 *
 * @param ramBytes  bytes of RAM from GPA 0, rounded up to a power of two of 2 MiB blocks; below 4
 *   GiB.
 */
export function placeGuest(ramBytes: bigint = recordedRamBytes): readonly Range[] {
  const blocks = Number(roundUp((ramBytes + block - 1n) / block));
  const ranges: Range[] = [];
  for (let index = 0; index < blocks; index++) {
    const from = BigInt(index) * block;
    const to = ramBase + BigInt((77 * index + 19) % blocks) * block;
    if (index % 4 === 3) ranges.push(...splitBlock(index, from, to));
    else ranges.push(range(from, to, block, "2M"));
  }
  ranges.push(range(highGpa, highHpa, gigabyte, "1G"));
  return ranges;
}
