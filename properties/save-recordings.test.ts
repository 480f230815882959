import { readFileSync } from "node:fs";
import { env } from "node:process";
import { describe, expect, test } from "vitest";
import { importMutant } from "./hunt/mutant.ts";
import type { chain } from "./save-chain.ts";

/** In the night every event of all recordings; else of the shortest one. */
const isNight = Number(env["SHADOWFOLD_WORLDS"] ?? 0) >= 10_000;

const recordings = [
  ["linux-legacy-nvme", 1],
  ["linux-scalable-nvme", 1],
  ["linux-vfio-edu", isNight ? 1 : 5],
  ["linux-legacy-nvme-load", isNight ? 1 : 211],
] as const;

describe("recorded guests", () => {
  for (const [name, every] of recordings) {
    const when = every === 1 ? "every event" : `one event in ${every}`;
    test(`[SV11] ${name}: saved and restored at ${when}, it goes on the same`, async () => {
      // Bundled, since that is several times as fast.
      const bundle = (await importMutant("properties/save-chain.ts", undefined)) as {
        chain: typeof chain;
      };
      const file = new URL(`../recordings/${name}.jsonl.gz`, import.meta.url);
      const { differs, restores } = bundle.chain(readFileSync(file), every);
      expect(differs).toBeUndefined();
      expect(restores).toBeGreaterThan(100);
    }, 1_800_000);
  }
});
