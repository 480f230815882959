import type fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Program } from "../world/program.ts";
import { anyProgram } from "../world/program.ts";
import type { Session } from "./judge-worlds.ts";
import { judgeWorlds } from "./judge-worlds.ts";
import type { Law } from "./law.ts";

const holds: Law = {
  ...{ id: "HOLDS", says: "Everything is well.", sometimes: ["runs"] },
  check(_run, count) {
    count("runs");
    return undefined;
  },
};

const lawThat = (check: Law["check"]): Law => ({ id: "BAD", says: "", sometimes: [], check });

const how = { programs: anyProgram, seed: 5, worlds: 4, patience: 2_000, twice: 2 };
const judge = (laws: readonly Law[], other: Partial<Session> = {}) =>
  judgeWorlds({ ...how, laws, ...other });

/** Programs of which the second cannot be drawn. */
function programsThat(fail: () => void): fc.Arbitrary<Program> {
  let drawn = 0;
  return anyProgram.map((program) => {
    drawn += 1;
    if (drawn === 2) fail();
    return program;
  });
}

const forever = (): never => {
  for (;;);
};

describe("judging worlds", () => {
  test("[WO3] a law that throws is reported with seed and path, and the run goes on", () => {
    const throws = lawThat(({ inputs }) => {
      throw new Error(`of ${inputs.length > 0 ? "some" : "no"} inputs`);
    });
    const { reports, reached, worlds } = judge([throws, holds]);
    expect([...reports]).toEqual([
      ["BAD", "BAD at event 0: Error: of some inputs (seed 5, path 0)"],
    ]);
    expect(worlds).toBe(4);
    expect(reached.get("HOLDS runs")).toBe(4);
  });

  test("[WO3] a law that does not end is reported, and the next is asked all the same", () => {
    let asked = 0;
    const hangs = lawThat(() => {
      asked += 1;
      return asked === 2 ? forever() : undefined;
    });
    const { reports, reached } = judge([hangs, holds], { patience: 1_000, twice: 50 });
    expect(reports.get("BAD")).toMatch(/^BAD at event 0: Error: .*timed out.* \(seed 5, path /);
    expect(reached.get("HOLDS runs")).toBe(4);
  });

  test("[WO3] a law that answers or counts differently twice is reported", () => {
    let asked = 0;
    const answers = lawThat(() => {
      asked += 1;
      return asked > 4 ? undefined : { law: "BAD", seq: asked, text: "wrong" };
    });
    const counts = lawThat((_run, count) => {
      asked += 1;
      count("times", asked);
      return undefined;
    });
    for (const law of [answers, counts]) {
      asked = 4;
      const { reports } = judge([law]);
      if (law === counts) expect(reports.get("BAD")).toMatch(/differently the second time/);
      asked = 0;
      const once = judge([law], { twice: 50, worlds: 1 });
      expect(once.reports.size).toBe(1);
    }
  });

  test("[WO3] a fold that throws is reported, and the run goes on", () => {
    const broken = anyProgram.map((program): Program => {
      const inputs = [...program.inputs, { type: "MemoryWrite" } as never];
      return { ...program, inputs };
    });
    const { reports, worlds } = judge([holds], { programs: broken });
    expect([...reports.keys()]).toEqual(["the fold"]);
    expect(reports.get("the fold")).toMatch(/^the fold at event 0: TypeError: .*path 0\)$/);
    expect(worlds).toBe(4);
  });

  test("[WO3] a generator that throws, hangs or draws otherwise is reported", () => {
    const throws = programsThat(() => {
      throw new Error("nothing to draw");
    });
    const thrown = judge([holds], { programs: throws });
    expect(thrown.reports.get("the generator")).toBe(
      "the generator at event 0: Error: nothing to draw (seed 5, path 1)",
    );
    expect(thrown.reached.get("HOLDS runs")).toBe(3);
    const hung = judge([holds], { programs: programsThat(forever), patience: 1_000 });
    expect(hung.reports.get("the generator")).toMatch(/timed out.*path 1\)$/);
    let drawn = 0;
    const fickle = anyProgram.map((program): Program => {
      drawn += 1;
      return { ...program, inputs: program.inputs.slice(drawn % 7) };
    });
    const otherwise = judge([holds], { programs: fickle });
    expect(otherwise.reports.get("the generator")).toMatch(/another world the second time/);
  });

  test("[WO3] what holds is reported nowhere", () => {
    const { reports, reached, inputs } = judge([holds]);
    expect(reports.size).toBe(0);
    expect(reached.get("HOLDS runs")).toBe(4);
    expect(inputs).toBeGreaterThan(200);
  });
});
