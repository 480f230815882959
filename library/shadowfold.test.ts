import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { renderJson } from "../cli/render/json.ts";
import { whyJson } from "../cli/render/why.ts";
import { captureRun } from "../cli/test/captured-run.ts";
import type { Fact } from "../events/fact.ts";
import type { Input } from "../events/input.ts";
import {
  booted,
  contextEntry,
  memory,
  page,
  reads,
  width4,
} from "../properties/examples/driver.ts";
import { flat } from "../properties/examples/given.ts";
import { nvme, unit } from "../properties/examples/unit.ts";
import * as events from "./events.ts";
import * as history from "./history.ts";
import * as machines from "./machines.ts";
import * as projections from "./projections.ts";
import * as properties from "./properties.ts";
import * as shadowfold from "./shadowfold.ts";

const { createWorld, encodeEvent, encodeHeader, fold, notify, readLog, steps, why } = shadowfold;
const name = "docs/nesting/nest-off.ndjson";
const text = readFileSync(new URL(`../${name}`, import.meta.url), "utf8");
const log = readLog(text);
const { setup } = log.header;
const logged = [...log.events];
const inputs = logged.flatMap((event) => ("input" in event ? [event.input] : []));

describe("the public modules", () => {
  it("[LB7] each name is exported by one of them", () => {
    const modules = { shadowfold, events, projections, machines, history, properties };
    const names = Object.values(modules).flatMap((one) => Object.keys(one));
    expect(names.length).toBe(new Set(names).size);
  });
});

describe("a log", () => {
  it("[LB8] is read from its text or its lines, and encodes to itself", () => {
    expect([...readLog(text.trimEnd().split("\n")).events]).toEqual(logged);
    expect([encodeHeader(setup), ...logged.map(encodeEvent), ""].join("\n")).toBe(text);
  });
});

describe("steps", () => {
  it("[LB9] folds each input as it is asked for, up to an event", () => {
    let taken = 0;
    function* some(): Generator<Input> {
      for (const input of inputs) {
        taken += 1;
        yield input;
      }
    }
    const start = createWorld(setup);
    const running = steps(start, some());
    const { value: first } = running.next();
    expect([taken, first?.seq, first?.before]).toEqual([1, 1, start]);
    expect(first?.facts).toEqual(fold(start, inputs[0] as Input).facts);
    const whole = [...steps(start, inputs)];
    const until = (whole.at(-1)?.after.seq ?? 0) - 1;
    expect([...steps(start, inputs, until)].at(-1)?.after.seq).toBe(until);
  });

  it("[LB9] tells subscribers of the facts that they ask for, in order, with their numbers", () => {
    const told: [number, number, Fact][] = [];
    const expected: [number, number, Fact][] = [];
    for (const step of steps(createWorld(setup), inputs)) {
      notify(step, {
        DmaBlocked: (fact, { seq, cause }) => told.push([seq, cause, fact]),
        FaultRecorded: (fact, { seq, cause }) => told.push([seq, cause, fact]),
      });
      for (const [index, fact] of step.facts.entries()) {
        if (!["DmaBlocked", "FaultRecorded"].includes(fact.type)) continue;
        expected.push([step.seq + 1 + index, step.seq, fact]);
      }
    }
    expect(told).toEqual(expected);
    expect(told.length).toBeGreaterThan(1);
  });
});

describe("why", () => {
  const device = events.sourceId(0x20);
  const use = inputs.findLast((input) => input.type === "Dma" && input.pasid === 0x43);
  const question = { device, iova: events.iova(0n), pasid: 0x43 };

  it.each([undefined, 30])("[LB6] tells what the command tells, at %s", async (at) => {
    const iova = use?.type === "Dma" ? use.iova : question.iova;
    const asked = { ...question, iova, ...(at === undefined ? {} : { at }) };
    const told = why(createWorld(setup), inputs, asked);
    const options = [
      "--device",
      "00:04.0",
      "--iova",
      events.hex(iova),
      "--pasid",
      "0x43",
      "--json",
    ];
    const moment = at === undefined ? [] : ["--at", at.toString()];
    const { out } = await captureRun("why", name, ...options, ...moment);
    expect(told.kind).toBe("dma");
    if (told.kind === "dma") expect(renderJson(whyJson(told))).toBe(out);
  });

  it("[LB6] counts a write to any word of an entry", () => {
    const changed = [booted, memory(contextEntry + 8n, width4(6)), reads(page)];
    const asked = { device: nvme, iova: events.iova(page) };
    const told = why(createWorld(unit()), flat(changed), asked);
    if (told.kind !== "dma") throw new Error("it is a DMA");
    const context = told.trail.entries.find(({ entry }) => entry.table === "context");
    expect(context?.entry.words).toBe(2);
    const dids = context?.writes.map(({ to }) => events.ContextEntry.decode(to).did);
    expect(dids).toEqual([5, 6]);
  });

  it("[LB6] tells which entry decides, who wrote it, and which fact reported the fault", () => {
    const iova = use?.type === "Dma" ? use.iova : question.iova;
    const told = why(createWorld(setup), inputs, { ...question, iova });
    if (told.kind !== "dma") throw new Error("it is a DMA");
    expect(told.walk.steps[told.decisive]?.table).toBe("PASID entry");
    expect(told.trail.entries[told.decisive]?.writes.at(-1)).toMatchObject({ by: "cpu" });
    expect(told.use?.blocked?.reason).toBe(0x5b);
    expect(told.use?.report?.fact.type).toBe("FaultRecorded");
  });
});
