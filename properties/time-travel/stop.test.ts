import { describe, expect, it } from "vitest";
import type { Gpa } from "../../events/address.ts";
import { iova } from "../../events/address.ts";
import { isSameLife, lifeAt } from "../../history/lifeline/life.ts";
import { registerIn } from "../../history/stop/register-change.ts";
import type { Stop, Watch } from "../../history/stop/stop.ts";
import { continueTo, readyStop, StopError } from "../../history/stop/stop.ts";
import { eventAt, stepOfEvent } from "../../history/timeline/seek.ts";
import type { Timeline } from "../../history/timeline/timeline.ts";
import { evolve } from "../../projections/evolve.ts";
import type { World } from "../../projections/world.ts";
import { pagesAsked, someRuns, travelled } from "./travelled.ts";

const worlds = someRuns(91, 2).map((run) => travelled(run));

/** The worlds after every event, by its number. */
const everyWorld = ({ run }: (typeof worlds)[number]): readonly World[] => {
  const all: World[] = [run.start];
  for (const { input, facts } of run.steps) {
    for (const event of [input, ...facts]) all.push(evolve(all.at(-1) as World, event));
  }
  return all;
};

/** Every event that continuing comes to, one after the other. */
function allStops(timeline: Timeline, stops: readonly Stop[], direction: "forward" | "back") {
  const ready = stops.map((stop) => readyStop(timeline, stop));
  const found: number[] = [];
  for (let at = direction === "forward" ? 0 : timeline.end.seq + 1; ; ) {
    const next = continueTo(timeline, ready, at, direction);
    if (next === undefined) return found;
    found.push(next.seq);
    at = next.seq;
  }
}

const registers = ["GSTS", "FSTS", "IQH", "IQT", "ICS", "FECTL", "FRCD0"];

/** Whether a watch is so of an event, from the worlds before and after it. */
function isMet(timeline: Timeline, every: readonly World[], watch: Watch, seq: number): boolean {
  const [before, after] = [every[seq - 1] as World, every[seq] as World];
  const event = eventAt(timeline, seq)?.event;
  switch (watch.on) {
    case "event":
      return event?.type === watch.event;
    case "moment":
      return seq === watch.seq;
    case "register": {
      const { guest, register } = watch;
      return registerIn(before, guest, register) !== registerIn(after, guest, register);
    }
    case "page": {
      const { guest, device, pasid, iova: address } = watch.page;
      const place = { guest, device, pasid, page: Number(address >> 12n) };
      const step = stepOfEvent(timeline, seq);
      if (step?.seq !== seq) return false;
      return !isSameLife(lifeAt(before, place), lifeAt(step.after, place));
    }
    default:
      return false;
  }
}

describe("where continuing stops", () => {
  it("[TT29] every stop is met where the events themselves say so, both ways", () => {
    let met = 0;
    for (const world of worlds) {
      const { run, timeline } = world;
      const every = everyWorld(world);
      const page = pagesAsked(run)[0];
      const watches: readonly Watch[] = [
        { on: "event", event: "DescriptorFetched" },
        { on: "moment", seq: 17 },
        ...registers.map((register) => ({ on: "register", guest: 0, register }) as const),
        ...(page === undefined
          ? []
          : [
              {
                on: "page",
                page: { kind: "page", ...page, iova: iova(BigInt(page.page) << 12n) },
              } as const,
            ]),
      ];
      const all = Array.from({ length: timeline.end.seq }, (_, index) => index + 1);
      for (const watch of watches) {
        const isThere =
          watch.on !== "register" || registerIn(run.start, 0, watch.register) !== undefined;
        if (!isThere) continue;
        const wanted = all.filter((seq) => isMet(timeline, every, watch, seq));
        expect([watch, allStops(timeline, [{ watch }], "forward")]).toEqual([watch, wanted]);
        expect(allStops(timeline, [{ watch }], "back")).toEqual(wanted.toReversed());
        met += wanted.length;
      }
    }
    expect(met).toBeGreaterThan(40);
  });

  it("[TT29] the nearest of several stops is met, and those that agree are all named", () => {
    const [{ timeline }] = worlds as [(typeof worlds)[number]];
    const [one, other] = ["DescriptorFetched", "QueueStarted"].map(
      (event): Stop => ({ watch: { on: "event", event } }),
    ) as [Stop, Stop];
    const alone = [one, other].map((stop) => allStops(timeline, [stop], "forward"));
    const both = alone.flat().sort((a, b) => a - b);
    expect(allStops(timeline, [one, other], "forward")).toEqual(both);
    expect(allStops(timeline, [other, one], "back")).toEqual(both.toReversed());
    const where: Stop = { watch: { on: "where", where: 'fact == "QueueStarted"' } };
    const ready = [one, other, where].map((stop) => readyStop(timeline, stop));
    const first = continueTo(timeline, ready, (alone[1]?.[0] ?? 0) - 1, "forward");
    expect(first?.by.map(({ stop }) => stop)).toEqual([other, where]);
  });

  it("[TT29] a condition leaves out events of which it is not so", () => {
    const [{ run, timeline }] = worlds as [(typeof worlds)[number]];
    const page = pagesAsked(run)[0];
    const at = {
      on: "page",
      page: { kind: "page", ...page, iova: iova(BigInt(page?.page ?? 0) << 12n) },
    } as Watch;
    for (const watch of [
      at,
      { on: "register", guest: 0, register: "GSTS" } as const,
      { on: "event", event: "RegisterWrite" } as const,
    ]) {
      const all = allStops(timeline, [{ watch }], "forward");
      const half = (all[Math.floor(all.length / 2)] ?? 1) + 1;
      const condition = `seq < ${half} || seq > ${half + 9}`;
      const wanted = all.filter((seq) => seq < half || seq > half + 9);
      expect(allStops(timeline, [{ watch, condition }], "forward")).toEqual(wanted);
      expect(allStops(timeline, [{ watch, condition }], "back")).toEqual(wanted.toReversed());
    }
  });

  it("[TT29] who writes a word of one guest is met, and not who writes that of another", () => {
    const [{ timeline }] = worlds as [(typeof worlds)[number]];
    const written = Array.from({ length: timeline.end.seq }, (_, at) => eventAt(timeline, at + 1));
    const first = written.find((one) => one?.event.type === "MemoryWrite")?.event;
    if (first?.type !== "MemoryWrite") throw new Error("no write");
    const watch = { on: "memory", guest: first.guest ?? 0, gpa: first.gpa, length: 8 } as const;
    const found = allStops(timeline, [{ watch }], "forward");
    const wanted = written.flatMap((one) => {
      if (one?.event.type !== "MemoryWrite") return [];
      const { gpa, bytes, guest = 0 } = one.event;
      const isOn = gpa < first.gpa + 8n && first.gpa < gpa + BigInt(bytes.length);
      return isOn && bytes.length > 0 && guest === watch.guest ? [one.seq] : [];
    });
    expect(found).toEqual(expect.arrayContaining(wanted));
    expect(allStops(timeline, [{ watch: { ...watch, guest: 99 } }], "forward")).toEqual([]);
  });

  it("[TT29] a stop that cannot be is refused", () => {
    const [{ timeline }] = worlds as [(typeof worlds)[number]];
    const wrong: readonly Watch[] = [
      { on: "event", event: "DmaBlockd" },
      { on: "register", guest: 0, register: "GSTX" },
      { on: "register", guest: 9, register: "GSTS" },
      { on: "memory", guest: 0, gpa: 0n as Gpa, length: 0 },
    ];
    for (const watch of wrong) expect(() => readyStop(timeline, { watch })).toThrow(StopError);
    const watch = { on: "event", event: "Dma" } as const;
    expect(() => readyStop(timeline, { watch, condition: "seq <" })).toThrow(/^position 6: /);
  });
});
