import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatSourceId } from "../../events/address.ts";
import type { Input } from "../../events/input.ts";
import { at } from "../../events/registers/offset.ts";
import { parseExpression, questionOf } from "../../history/expression/expression.ts";
import { isSameLife, lifeAt } from "../../history/lifeline/life.ts";
import type { LifeChange } from "../../history/lifeline/life-changes.ts";
import { changesIn, intervalAt, lifelineOf } from "../../history/lifeline/lifeline.ts";
import type { UsedPage } from "../../history/use.ts";
import { useIn } from "../../history/use.ts";
import type { Run } from "../laws/run.ts";
import { runOf } from "../laws/run.ts";
import { anyProgram } from "../world/program.ts";
import { pagesAsked, someRuns, travelled } from "./travelled.ts";

const worlds = someRuns(73, 14).map((run) => travelled(run));

/** The changes of a page, from looking at the world after every input. */
function changesPlainly({ start, steps }: Run, place: UsedPage): readonly LifeChange[] {
  const changes: LifeChange[] = [{ seq: 0, life: lifeAt(start, place) }];
  for (const { seq, after } of steps) {
    const life = lifeAt(after, place);
    const last = changes.at(-1);
    if (last === undefined || !isSameLife(last.life, life)) changes.push({ seq, life });
  }
  return changes;
}

describe("lifelines", () => {
  it("[TT10] every lifeline is the one that folding every event gives", () => {
    const met = new Map<string, number>();
    let pending = 0;
    for (const { run, timeline } of worlds) {
      for (const place of pagesAsked(run).slice(0, 9)) {
        const wanted = changesPlainly(run, place);
        const { intervals } = lifelineOf(timeline, place);
        expect(intervals.map(({ from: seq, life }) => ({ seq, life }))).toEqual(wanted);
        expect(intervals.map(({ until }) => until)).toEqual([
          ...wanted.slice(1).map(({ seq }) => seq),
          undefined,
        ]);
        for (const { life } of intervals) {
          met.set(life.state, (met.get(life.state) ?? 0) + 1);
          if (life.pendingSince !== undefined) pending += 1;
        }
      }
    }
    for (const state of ["none", "shadowed", "passThrough", "virtual", "nested", "blocked"]) {
      expect(`${state} ${(met.get(state) ?? 0) > 3}`).toBe(`${state} true`);
    }
    expect(pending).toBeGreaterThan(40);
  });

  it("[TT10] what only a write reads of the tables is looked at, too", () => {
    const [program] = fc.sample(anyProgram, { seed: 20_260, numRuns: 47 }).slice(46);
    const run = program && runOf(program);
    const place =
      run && pagesAsked(run).find(({ device, page }) => device === 16 && page === 1043968);
    if (run === undefined || place === undefined) throw new Error("another world");
    const { intervals } = lifelineOf(travelled(run).timeline, place);
    const wanted = changesPlainly(run, place);
    expect(wanted.some(({ life: { read, write } }) => read !== "ok" && write === "ok")).toBe(true);
    expect(intervals.map(({ from: seq, life }) => ({ seq, life }))).toEqual(wanted);
  });

  it("[TT10] another root pointer changes what walks say, at once", () => {
    const rootedAt = (value: bigint): readonly Input[] => [
      { type: "RegisterWrite", offset: at.rtaddr, size: 8, value },
      { type: "RegisterWrite", offset: at.gcmd, size: 4, value: 0xc000_0000n },
    ];
    let ended = 0;
    for (const { run } of worlds) {
      // Elsewhere and back again: the second time nothing is left to be marked.
      const old = run.steps.at(-1)?.after.guests[0]?.rootPointer ?? 0n;
      const inputs = [...run.inputs, ...rootedAt(0x7f_f000n), ...rootedAt(old)];
      const { run: longer, timeline } = travelled(runOf({ ...run, inputs }));
      for (const place of pagesAsked(run).filter(({ guest }) => guest === 0)) {
        const { intervals } = lifelineOf(timeline, place);
        const told = intervals.map(({ from: seq, life }) => ({ seq, life }));
        expect(told).toEqual(changesPlainly(longer, place));
        const isWalked = /^(virtual|nested)$/.test(intervals.at(-1)?.life.state ?? "");
        if (isWalked && intervals.at(-1)?.from === longer.steps.at(-1)?.seq) ended += 1;
      }
    }
    expect(ended).toBeGreaterThan(0);
  });

  it("[TT11] each DMA to the page is counted in the interval that it met", () => {
    let counted = 0;
    for (const { run, timeline } of worlds.slice(0, 8)) {
      for (const place of pagesAsked(run)) {
        const lifeline = lifelineOf(timeline, place);
        const uses = run.steps.flatMap((step) => useIn(place, step) ?? []);
        for (const { from, until = Number.POSITIVE_INFINITY, uses: told } of lifeline.intervals) {
          const met = uses.filter(({ seq }) => seq > from && seq <= until);
          counted += met.length;
          expect(told).toEqual({
            landed: met.filter(({ landed }) => landed !== undefined).length,
            blocked: met.filter(({ blocked }) => blocked !== undefined).length,
            first: met[0]?.seq,
            last: met.at(-1)?.seq,
          });
        }
      }
    }
    expect(counted).toBeGreaterThan(50);
  });

  it("[TT11] an interval names the write that is pending, and what announced it", () => {
    let announced = 0;
    for (const { run, timeline } of worlds) {
      for (const place of pagesAsked(run).slice(0, 9)) {
        const { intervals } = lifelineOf(timeline, place);
        for (const [index, { from, life, writer, announced: by }] of intervals.entries()) {
          const before = intervals[index - 1]?.life.pendingSince;
          expect(writer).toBe(life.pendingSince ?? before);
          if (by === undefined) continue;
          const step = run.steps.find(({ seq }) => seq === from);
          expect(step?.facts[by - from - 1]?.type).toMatch(/Invalidated$/);
          expect(before).toBeDefined();
          expect(life.pendingSince).toBeUndefined();
          announced += 1;
        }
      }
    }
    expect(announced).toBeGreaterThan(10);
  });

  it("[TT10] continuing to a change of a page stops where its lifeline has one", () => {
    for (const { run, timeline } of worlds.slice(0, 4)) {
      const places = pagesAsked(run).filter(({ guest }) => guest === 0);
      for (const place of places.slice(0, 4)) {
        const more = place.pasid === undefined ? "" : `, ${place.pasid.toString()}`;
        const iova = `0x${(place.page * 4096).toString(16)}`;
        const text = `changes("${formatSourceId(place.device)}", ${iova}${more}) && seq == cause`;
        const question = questionOf(timeline, parseExpression(text), changesIn(timeline));
        const lifeline = lifelineOf(timeline, place);
        for (let seq = 1; seq <= timeline.end.seq; seq++) {
          const interval = intervalAt(lifeline, seq);
          expect(question.isTrueAt(seq)).toBe(interval?.from === seq);
        }
      }
    }
  });
});
