import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stepBack, stepForward } from "../../history/timeline/cursor.ts";
import { eventAt, worldAt } from "../../history/timeline/seek.ts";
import { append, appendAll, newTimeline, timelineOf } from "../../history/timeline/timeline.ts";
import { stateHash } from "../../projections/digest.ts";
import { momentsOf } from "../laws/run.ts";
import { someRuns, travelled } from "./travelled.ts";

const worlds = someRuns(71, 6).map((run) => travelled(run));

describe("time travel", () => {
  it("[TT1] any sequence of seeks and steps reaches the worlds of the fold", () => {
    for (const { run, timeline } of worlds) {
      const moments = momentsOf(run);
      const moves = fc.array(fc.tuple(fc.nat(3), fc.nat(timeline.end.seq)), {
        minLength: 30,
        maxLength: 30,
      });
      let at = 0;
      for (const [kind, where] of fc.sample(moves, { seed: 5, numRuns: 1 }).flat()) {
        const stride = where % 2 === 0 ? "event" : "input";
        if (kind === 0) at = where;
        else at = kind === 1 ? stepForward(timeline, at, stride) : stepBack(timeline, at, stride);
        const world = worldAt(timeline, at) ?? timeline.end;
        const wanted = at === 0 ? run.start : moments[at - 1]?.after;
        expect(world.seq).toBe(at);
        expect(wanted && stateHash(world)).toBe(wanted && stateHash(wanted));
      }
    }
  });

  it("[TT1] every event is what the fold decided, under its number and that of its cause", () => {
    for (const { run, timeline } of worlds) {
      const events = run.steps.flatMap(({ seq: cause, input, facts }) =>
        [input, ...facts].map((event, index) => ({ seq: cause + index, cause, event })),
      );
      expect(timeline.end.seq).toBe(events.length);
      for (const event of [...events].reverse()) {
        expect(eventAt(timeline, event.seq)).toEqual(event);
      }
      expect(eventAt(timeline, 0)).toBeUndefined();
      expect(eventAt(timeline, events.length + 1)).toBeUndefined();
      expect(worldAt(timeline, events.length + 1)).toBeUndefined();
    }
  });

  it("[TT2] steps go over one event or one input with what follows, and stop at both ends", () => {
    for (const { run, timeline } of worlds) {
      const ends = run.steps.map(({ after }) => after.seq);
      let at = 0;
      const met: number[] = [];
      while (at < timeline.end.seq) {
        at = stepForward(timeline, at, "input");
        met.push(at);
      }
      expect(met).toEqual(ends);
      expect(stepForward(timeline, at, "input")).toBe(at);
      expect(stepForward(timeline, at)).toBe(at);
      for (const end of [0, ...ends.slice(0, -1)].reverse()) {
        expect(stepForward(timeline, end)).toBe(end + 1);
        expect(stepBack(timeline, end + 1)).toBe(end);
        expect(stepBack(timeline, at, "input")).toBe(end);
        at = end;
      }
      expect(stepBack(timeline, 0)).toBe(0);
      expect(stepBack(timeline, 0, "input")).toBe(0);
    }
  });

  it("[TT3] checkpoints stay within their number, and folding between within its cost", () => {
    const [{ run }] = worlds as [(typeof worlds)[number]];
    const [few, many] = [{ spacing: 4, most: 4 }, { spacing: 4 }].map((how) =>
      timelineOf(run.start, run.inputs, how),
    );
    expect(few?.checkpoints.kept.length).toBeLessThanOrEqual(4);
    expect(few?.checkpoints.kept[0]?.inputs).toBe(0);
    expect(few?.checkpoints.spacing).toBeGreaterThan(4);
    if (many === undefined) return;
    const distances = many.checkpoints.kept.map(({ world }, index) => {
      const next = many.checkpoints.kept[index + 1]?.world ?? many.end;
      return next.seq - world.seq;
    });
    const longest = Math.max(...run.steps.map(({ facts }) => facts.length + 1));
    expect(Math.max(...distances)).toBeLessThan(4 + longest);
    const middle = Math.floor(many.end.seq / 2);
    worldAt(many, middle);
    worldAt(many, middle);
    worldAt(many, middle - 1);
    expect(many.refolded).toBeLessThan(16);
  });

  it("[TT4] a timeline says how far it is, and can be used before it is whole", () => {
    const [{ run, timeline: whole }] = worlds as [(typeof worlds)[number]];
    const timeline = newTimeline(run.start, { spacing: 16 });
    const opening = appendAll(timeline, run.inputs, 10);
    const told = opening.next().value;
    expect(told).toMatchObject({ inputs: 10, events: timeline.end.seq });
    const early = worldAt(timeline, 7);
    expect(early && stateHash(early)).toBe(stateHash(worldAt(whole, 7) ?? run.start));
    expect(worldAt(timeline, timeline.end.seq + 1)).toBeUndefined();
    opening.return();
    expect(timeline.inputs.count).toBe(10);
    for (const input of run.inputs.slice(10)) append(timeline, input);
    expect(stateHash(timeline.end)).toBe(stateHash(whole.end));
    const late = worldAt(timeline, timeline.end.seq - 1);
    expect(late && stateHash(late)).toBe(stateHash(worldAt(whole, whole.end.seq - 1) ?? run.start));
  });
});
