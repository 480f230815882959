import { describe, expect, it } from "vitest";
import { iova } from "../../events/address.ts";
import { followSearch, startSearch } from "../../history/moment.ts";
import { findMomentIn, whyIn } from "../../history/query/why-in.ts";
import type { Question } from "../../history/question.ts";
import { stepsOf } from "../../history/step.ts";
import { why } from "../../history/why.ts";
import { pagesAsked, someRuns, travelled } from "./travelled.ts";

const worlds = someRuns(77, 17).map((run) => travelled(run));

describe("questions to a timeline", () => {
  it("[TT20] why is told as from every step, for every page and at any event", () => {
    const met = new Map<string, number>();
    for (const { run, timeline } of worlds) {
      for (const [index, { guest, device, page, pasid }] of pagesAsked(run).slice(0, 8).entries()) {
        const asked = pasid === undefined ? {} : { pasid };
        const base: Question = { guest, device, iova: iova(BigInt(page) << 12n), ...asked };
        const at = Math.floor((timeline.end.seq * (index + 1)) / 8);
        for (const question of [base, { ...base, at }, { ...base, access: "write" } as const]) {
          const told = whyIn(timeline, question);
          expect(told).toEqual(why(run.start, run.inputs, question));
          if (told?.kind !== "dma") continue;
          const writes = told.trail.entries.flatMap((entry) => entry.writes);
          for (const key of [
            "writes",
            writes.some(({ announced }) => announced) ? "told" : "untold",
          ]) {
            met.set(key, (met.get(key) ?? 0) + writes.length);
          }
          if (told.unseen.some((one) => one !== undefined)) met.set("unseen", 1);
        }
      }
    }
    expect(met.get("told")).toBeGreaterThan(20);
    expect(met.get("unseen")).toBe(1);
  });

  it("[TT20] the moment of a page is found as from every step", () => {
    for (const { run, timeline } of worlds.slice(0, 4)) {
      for (const { guest, device, page, pasid } of pagesAsked(run).slice(0, 6)) {
        const asked = pasid === undefined ? {} : { pasid };
        const question: Question = { guest, device, iova: iova(BigInt(page) << 12n), ...asked };
        const weigh = (_use: unknown, _isExact: boolean, isOn: boolean): number => (isOn ? 1 : 0);
        let search = startSearch(question, weigh);
        for (const step of stepsOf(run.start, run.inputs)) search = followSearch(search, step);
        const found = findMomentIn(timeline, question, weigh);
        expect(found?.search.off).toEqual(search.off);
        expect(found?.search.meeting?.use).toEqual(search.meeting?.use);
        expect(found?.search.meeting?.world.seq).toBe(search.meeting?.world.seq);
      }
    }
    const [{ timeline }] = worlds as [(typeof worlds)[number]];
    const at = timeline.end.seq + 1;
    expect(whyIn(timeline, { device: 8 as never, iova: iova(0n), at })).toBeUndefined();
  });
});
