import type { Step } from "../history/step.ts";

/** Which event last wrote to each word of 64 bits of a guest's memory, by address divided by 8. */
export interface Writers {
  readonly follow: (step: Step) => void;
  /**
   * The event that last wrote to one of some words; 0 when none did.
   *
   * @param address  GPA in bytes.
   */
  readonly last: (address: bigint, words: number) => number;
}

/** No writes so far. */
export function startWriters(): Writers {
  const byWord = new Map<number, number>();
  return {
    follow: ({ seq, input }) => {
      if (input.type !== "MemoryWrite") return;
      const { gpa, bytes } = input;
      const from = Number(gpa);
      const first = Math.floor(from / 8);
      const end = Math.floor((from + bytes.length + 7) / 8);
      for (let word = first; word < end; word++) byWord.set(word, seq);
    },
    last: (address, words) => {
      const first = Number(address >> 3n);
      let found = 0;
      for (let word = first; word < first + words; word++) {
        found = Math.max(found, byWord.get(word) ?? 0);
      }
      return found;
    },
  };
}
