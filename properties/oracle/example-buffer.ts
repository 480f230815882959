import type { Gpa } from "../../events/address.ts";
import type { Fact } from "../../events/fact.ts";
import { possible } from "./any-sight.ts";
import type { exampleSetup } from "./example-world.ts";
import { ask, cap, ecap, fourLevels, happen, iova, nvme } from "./example-world.ts";
import { iommuReads64 } from "./memory.ts";
import { observe } from "./observe.ts";
import type { Oracle } from "./oracle.ts";

/** CAP.RWBF, bit 4, beside what the example can; and the same without caching mode (bit 7). */
export const buffered = cap | 0x10n;
export const withoutCm = buffered & ~0x80n;
/** ECAP without C. */
export const incoherent = ecap & ~1n;

export const wbf: Fact = { type: "WriteBufferFlushed" };

function memoryOf(oracle: Oracle) {
  const memory = oracle.worlds[0]?.memory;
  if (!memory) throw new Error("there is no guest 0");
  return memory;
}
export const seen = (oracle: Oracle, gpa: bigint) => iommuReads64(memoryOf(oracle), gpa);

const keys = [{ guest: 0, sid: nvme, page: 0x1806 }];

/** The tables of `fourLevels`, which the unit sees. */
export function flushed(setup: ReturnType<typeof exampleSetup>, keeps = false): Oracle {
  const oracle = fourLevels(setup, keys, keeps);
  observe(oracle, { type: "CacheFlush", gpa: 0n as Gpa, length: 0x10000n }, []);
  happen(oracle, { type: "ContextInvalidated", scope: "global" });
  happen(oracle, { type: "IotlbInvalidated", scope: "global" });
  return oracle;
}

/** What an answer to a read is: a GPA or a reason. */
export const told = ({ read: { guest } }: Pick<ReturnType<typeof ask>, "read">) =>
  "gpa" in guest ? guest.gpa : "fault" in guest ? guest.fault : -1;

/** What a read may come to by what is cached, and by what may be seen. */
export function allowed(oracle: Oracle): readonly (bigint | number)[] {
  const all = [...ask(oracle).candidates, ...possible(oracle, 0, nvme, iova).answers];
  return [...new Set(all.map(told))].sort((a, b) => Number(a) - Number(b));
}

/** Lines that hold 8 bytes are written back. */
export const flushLine = (oracle: Oracle, gpa: bigint): boolean =>
  observe(oracle, { type: "CacheFlush", gpa: gpa as Gpa, length: 8n }, []);
