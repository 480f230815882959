import { describe, expect, it } from "vitest";
import { lastWriter } from "../../history/memory-use/last-writer.ts";
import { nextReader } from "../../history/memory-use/next-reader.ts";
import type { World } from "../../projections/world.ts";
import { byteIn, pageAsWritten, pageAt } from "../../tables/memory.ts";
import type { Moment, Run } from "../laws/run.ts";
import { momentsOf } from "../laws/run.ts";
import { someRuns, travelled } from "./travelled.ts";

const hasDeviceWrite = ({ steps }: Run): boolean =>
  steps.some(({ facts }) => facts.some((of) => of.type === "DmaLanded" && of.bytes !== undefined));

const runs = someRuns(74, 24);
const worlds = [...runs.filter(hasDeviceWrite).slice(0, 2), ...runs.slice(0, 3)].map((run) =>
  travelled(run),
);

/** The eight bytes of a word as the unit sees them, and as the CPU does. */
function wordOf(world: World, guest: number, gpa: bigint): string {
  const memory = world.guests[guest]?.memory;
  const [page, offset] = [Number(gpa / 4096n), Number(gpa % 4096n)];
  if (memory === undefined) return "";
  const pages = [pageAt(memory, page), pageAsWritten(memory, page)];
  return pages
    .flatMap((of) => Array.from({ length: 8 }, (_, index) => byteIn(of, offset + index)))
    .join(" ");
}

describe("who used a word of guest memory", () => {
  it("[TT12] the last writer of a word is the last event that can have changed it", () => {
    const met = new Set<string>();
    for (const { run, timeline } of worlds) {
      const moments = momentsOf(run);
      const words = new Map<string, { guest: number; gpa: bigint }>();
      // What devices wrote, and what was lost, comes first: there is little of it.
      const isRare = ({ fact, step }: Moment): boolean =>
        (fact?.type === "DmaLanded" && fact.bytes !== undefined) ||
        step.facts.some(({ type }) => type === "MemoryWriteDropped");
      for (const { step, fact } of [...moments].sort((a, b) => +isRare(b) - +isRare(a))) {
        const event = fact ?? step.input;
        if (!("gpa" in event) || event.gpa === undefined) continue;
        const [guest, gpa] = [event.guest ?? 0, event.gpa - (event.gpa % 8n)];
        if (gpa < 1n << 48n) words.set(`${guest}:${gpa}`, { guest, gpa });
      }
      for (const { guest, gpa } of [...words.values()].slice(0, 30)) {
        for (const until of [timeline.end.seq, Math.floor(timeline.end.seq / 2)]) {
          const found = lastWriter(timeline, { guest, gpa, length: 8 }, until);
          const changed = moments.findLast(
            ({ seq, before, after }) =>
              seq <= until && wordOf(before, guest, gpa) !== wordOf(after, guest, gpa),
          );
          expect(found?.seq ?? 0).toBeGreaterThanOrEqual(changed?.seq ?? 0);
          if (found === undefined) continue;
          met.add(found.by);
          const moment = moments[found.seq - 1];
          const type = (moment?.fact ?? moment?.step.input)?.type;
          expect(type).toMatch(
            {
              cpu: /^MemoryWrite$/,
              flush: /^CacheFlush$/,
              buffer: /^WriteBuffer(Flushed|Drained)$/,
              device: /^DmaLanded$/,
              unit: /^MemoryWritten$/,
              host: /^P2mUnmapped$/,
            }[found.by],
          );
          const isLost = moment?.step.facts.some((of) => of.type === "MemoryWriteDropped");
          if (isLost === true || /^(flush|buffer|host)$/.test(found.by)) {
            expect(found.seq).toBe(changed?.seq);
          }
        }
      }
    }
    expect([...met].sort()).toEqual(["buffer", "cpu", "device", "flush", "host", "unit"]);
  });

  it("[TT13] the next reader of a word reads it, and no event before says that it does", () => {
    const met = new Set<string>();
    for (const { run, timeline } of worlds) {
      const moments = momentsOf(run);
      for (const { seq, step, fact } of moments) {
        if (fact !== undefined || step.input.type !== "MemoryWrite" || seq % 3 === 0) continue;
        const { gpa, guest = 0, bytes } = step.input;
        const { reader, until } = nextReader(
          timeline,
          { guest, gpa, length: Math.min(8, bytes.length) },
          seq,
        );
        expect(until).toBe(timeline.end.seq);
        if (reader === undefined) continue;
        met.add(reader.by);
        expect(reader.seq).toBeGreaterThan(seq);
        const moment = moments[reader.seq - 1];
        const type = (moment?.fact ?? moment?.step.input)?.type ?? "";
        const wanted = {
          queue: /^DescriptorFetched$/,
          device: /^DmaLanded$/,
          interrupt: /^InterruptEntryCached$/,
          entry: /^HostEntryChanged$/,
          walk: /^(Dma|AtsRequest|DeviceTranslate|PageRequest)/,
          invalidation: /./,
        };
        expect(type).toMatch(wanted[reader.by]);
      }
    }
    expect([...met].sort()).toEqual(["entry", "interrupt", "invalidation", "queue", "walk"]);
  });

  it("[TT13] descriptors are read where the queue has them, data where the device asked", () => {
    let [fetched, asked] = [0, 0];
    for (const { run, timeline } of worlds) {
      for (const { seq, fact, before } of momentsOf(run)) {
        const index = fact?.guest ?? 0;
        if (fact?.type === "DmaLanded" && fact.access === "read" && fact.gpa !== undefined) {
          const { reader } = nextReader(
            timeline,
            { guest: index, gpa: fact.gpa, length: 1 },
            seq - 1,
          );
          expect(reader).toEqual({ seq, by: "device" });
          asked += 1;
        }
        if (fact?.type !== "DescriptorFetched") continue;
        const address = (before.guests[index]?.queue.address ?? 0n) & ~0xfffn;
        const place = { guest: index, gpa: address + BigInt(fact.head), length: 8 };
        const { reader } = nextReader(timeline, place, seq - 1);
        expect(reader).toEqual({ seq, by: "queue" });
        fetched += 1;
      }
    }
    expect(fetched).toBeGreaterThan(50);
    expect(asked).toBeGreaterThan(5);
  });
});
