import { hex } from "../../events/address.ts";
import { pageAsWritten, pageAt, wordIn } from "../../tables/memory.ts";
import { flushing } from "../oracle/write-buffer.ts";
import type { LateWord } from "./late-sight.ts";
import type { Count, Law } from "./law.ts";
import { sightOf } from "./probes.ts";

/** What became of a word, in the words of the cases. */
function countCase({ step, before, after }: LateWord, count: Count): void {
  const { input, facts } = step;
  const told = facts.filter(({ type }) => flushing.has(type));
  if (after === "cache") count("not written back");
  if (after === "buffer") count("in the buffer");
  if (before === "cache" && after === "buffer") count("written back into the buffer");
  if (before === "cache" && after === undefined && input.type === "CacheFlush") {
    count("written back");
  }
  if (before !== "buffer" || after === "buffer" || told.length === 0) return;
  const [first] = told;
  count(first?.type === "WriteBufferFlushed" ? "flushed by WBF" : "flushed by an invalidation");
}

/** Why the model does not have a word as the oracle has it, or nothing. */
function differs({ step, guest, at, written, seen }: LateWord): string | undefined {
  const memory = step.after.guests[guest]?.memory;
  if (memory === undefined) return undefined;
  const [gfn, offset] = [Number(at >> 12n), Number(at & 0xfffn)];
  const found = wordIn(pageAt(memory, gfn), offset);
  if (found !== seen) return `the unit sees ${hex(found)} at ${hex(at)}, not ${hex(seen)}`;
  const known = wordIn(pageAsWritten(memory, gfn), offset);
  if (known === written) return undefined;
  return `the CPU sees ${hex(known)} at ${hex(at)}, not ${hex(written)}`;
}

export const writesAreSeenInTime: Law = {
  id: "WB30",
  says:
    "What a CPU wrote is seen by the unit once it is written back, where walks are not coherent, " +
    "and flushed, where there is a write buffer, and not before; by the CPU at once.",
  sometimes: [
    ...["not written back", "written back", "in the buffer", "written back into the buffer"],
    ...["flushed by WBF", "flushed by an invalidation"],
  ],
  check(run, count) {
    for (const word of sightOf(run).late) {
      const text = differs(word);
      if (text !== undefined) return { law: "WB30", seq: word.step.seq, text };
      countCase(word, count);
    }
    return undefined;
  },
};
