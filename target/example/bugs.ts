/** Mistakes that the example can be made with, by number from 1: each one that authors make. */
export const plantedBugs = [
  "A wait descriptor writes 8 bytes of status, and so the word behind it.",
  "The invalidation queue does not wrap at its end.",
  "Reserved bits of a descriptor are not looked at.",
  "A write of 0 to F clears a fault record.",
  "FPD of a context entry that is not present is not looked at.",
  "A pending fault event is forgotten when it is unmasked.",
  "The next level of a table is indexed by bits one level too low in tables of three levels.",
  "A page-selective invalidation takes one page, whatever its mask says.",
  "A write is allowed where only a read is, if an upper level allows it.",
  "Clearing IQE does not fetch again until the tail is written.",
] as const;

/** Whether the example is made with a mistake. */
export type HasBug = (number: number) => boolean;
