import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { landingsOf } from "./host-chain.ts";
import { importMutant } from "./hunt/mutant.ts";

/** Each with how many of its DMAs landed. */
const recordings = [
  ["linux-legacy-nvme", 1538],
  ["linux-scalable-nvme", 1544],
  ["linux-vfio-edu", 574],
  ["linux-legacy-nvme-load", 44_166],
] as const;

interface Bundle {
  readonly landingsOf: typeof landingsOf;
}

describe("recorded guests", () => {
  let bundle: Bundle;

  beforeAll(async () => {
    // Bundled, since that is several times as fast.
    bundle = (await importMutant("properties/host-chain.ts", undefined)) as Bundle;
  }, 120_000);

  for (const [name, count] of recordings) {
    test(`[HC4] ${name}: its calls alone lead its DMAs to where they landed`, () => {
      const file = new URL(`../recordings/${name}.jsonl.gz`, import.meta.url);
      const { wrong, landings, calls } = bundle.landingsOf(readFileSync(file));
      expect(wrong).toBeUndefined();
      expect(landings).toBe(count);
      expect(calls).toBeGreaterThan(1_000);
    }, 120_000);
  }
});
