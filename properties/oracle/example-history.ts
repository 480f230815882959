import type { Iova, SourceId } from "../../events/address.ts";
import type { Fact } from "../../events/fact.ts";
import type { Expected } from "./answers.ts";
import type { EntryWords } from "./example-tables.ts";
import {
  entryWords,
  exampleRuns,
  firstPage,
  nvme,
  scalableCap,
  scalableEcap,
} from "./example-tables.ts";
import { exampleSetup, happen, write } from "./example-world.ts";
import { expected } from "./expected.ts";
import type { Oracle } from "./oracle.ts";
import { createOracle } from "./oracle.ts";

export const pasid = 0x42;
export const iova = BigInt(firstPage) << 12n;

/** Accessed and dirty bits are set already, as if every page had been written. */
export const passed = (gpa: bigint, value: bigint): bigint =>
  gpa >= 0xa000n && gpa < 0xe000n ? value | 0x60n : value;

export function watched(words: EntryWords = entryWords.firstStage, cap = scalableCap): Oracle {
  const keys = [pasid, undefined].map((each) => ({
    ...{ guest: 0, sid: nvme, page: firstPage, pasid: each },
  }));
  const setup = exampleSetup({ cap, ecap: scalableEcap });
  const nearby = Array.from({ length: 32 }, (_, page) => page);
  const oracle = createOracle(setup, keys, nearby);
  for (const [gpa, ...values] of exampleRuns(words)) {
    write(oracle, gpa, ...values.map((value) => passed(gpa, value)));
  }
  happen(oracle, { type: "RootPointerLatched", value: 0x1400n }, { type: "TranslationEnabled" });
  return oracle;
}

export function ask(oracle: Oracle, of: number | undefined = pasid): Expected {
  const found = expected(oracle, 0, nvme, iova, { pasid: of });
  if (!found) throw new Error("there is no guest 0");
  return found;
}

/** The GPAs, or fault numbers, of the candidates for a read. */
export const candidates = (oracle: Oracle, of?: number): readonly (bigint | number)[] => {
  const all = ask(oracle, of).candidates.map(({ read: { guest } }) =>
    "gpa" in guest ? guest.gpa : "fault" in guest ? guest.fault : -1,
  );
  return [...new Set(all)].sort((a, b) => Number(a) - Number(b));
};

export const contexts = (source: number, did: number): Fact => ({
  ...{ type: "ContextInvalidated", scope: "device", did, source: source as SourceId, mask: 0 },
});
export const onePasid = (did: number, of: number): Fact => ({
  ...{ type: "PasidCacheInvalidated", scope: "pasid", did, pasid: of },
});
export const domainPasids = (did: number): Fact => ({
  ...{ type: "PasidCacheInvalidated", scope: "domain", did },
});
export const allPages: Fact = { type: "IotlbInvalidated", scope: "global" };
export const domainPages = (did: number): Fact => ({
  type: "IotlbInvalidated",
  scope: "domain",
  did,
});
export const pasidPages = (did: number, of: number): Fact => ({
  ...{ type: "PasidIotlbInvalidated", scope: "pasid", did, pasid: of },
});
export const somePages = (first: bigint, length: bigint, leafOnly = false): Fact => ({
  ...{ type: "PasidIotlbInvalidated", scope: "page", did: 5, pasid, leafOnly },
  ...{ iova: first as Iova, length },
});
