// Length: one recording is opened once, and everything is asked of it.

import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { tellStory } from "../../cli/render/story.ts";
import { seemsToBe } from "../../cli/seems-to-be.ts";
import { encodeFact, encodeHeader, encodeInput } from "../../events/log/log.ts";
import { encodeEnd } from "../../events/log/log-end.ts";
import { eventNames } from "../../history/columns/event-column.ts";
import { numberAt } from "../../history/columns/number-column.ts";
import { whyIn } from "../../history/query/why-in.ts";
import { stepAt, worldAt } from "../../history/timeline/seek.ts";
import { branchOf } from "../../history/what-if/branch.ts";
import { EditError } from "../../history/what-if/edit.ts";
import { withInvalidation, withoutInvalidation } from "../../history/what-if/invalidation-edit.ts";
import { hostsWhere } from "../../projections/host/host-entry.ts";
import { registersOf, registerValue } from "../../projections/registers/registers.ts";
import { shadowsOf } from "../../projections/shadow/shadow.ts";
import type { Question, Questions, WhatIfView } from "../protocol.ts";
import { marks } from "../protocol.ts";
import { opened, recordingBytes, recordingLines } from "../test/opened.ts";
import { ask } from "./answers.ts";
import { isBadEvent, kindOfEvent } from "./lanes.ts";
import { openLog } from "./log-reader.ts";
import type { Opened } from "./opening.ts";
import { questionOf } from "./page-asked.ts";
import { readStale } from "./stale-times.ts";

let edu: Opened;
/** Its beginning, up to after the first faults: cheap to fold again. */
let start: Opened;
beforeAll(async () => {
  edu = await opened(recordingBytes("linux-vfio-edu"));
  start = await opened(recordingLines("linux-vfio-edu").slice(0, 1550).join("\n"));
});

/** What a question is answered, however long that takes. */
function answered<Q extends Question>(
  question: Q,
  of: Questions[Q][0],
  log = edu,
): Questions[Q][1] {
  const answer = ask(log, question, of);
  if (answer instanceof Promise) throw new Error("answered later");
  if (typeof answer !== "object" || answer === null || !("next" in answer)) return answer;
  for (;;) {
    const next = answer.next();
    if (next.done === true) return next.value;
  }
}

const fault = 5643;
const write = 5628;
const announced = 5634;
const page = {
  guest: 0,
  device: "00:04.0",
  iova: "0x29e03000",
  pasid: "",
  access: "read",
} as const;

describe("opening", () => {
  it("[DB6] opens up to where a file is cut or bad, and says why", async () => {
    const [first = "", ...lines] = recordingLines("linux-vfio-edu").slice(0, 400);
    const whole = await opened([first, ...lines].join("\n"));
    expect(whole.timeline.cut).toBeUndefined();
    const bad = await opened([first, ...lines.slice(0, 99), "{]", ...lines].join("\n"));
    expect(bad.timeline.cut).toMatch(/^line 101: not JSON/);
    expect(bad.timeline.inputs.count).toBeLessThanOrEqual(whole.timeline.inputs.count);
    const gzip = new Uint8Array(gzipSync([first, ...lines].join("\n")));
    const cut = await opened(gzip.slice(0, -400));
    expect(cut.timeline.cut).toContain("cut short");
    expect(cut.timeline.inputs.count).toBeGreaterThan(20);
    expect(stepAt(cut.timeline, 20)?.input).toEqual(stepAt(whole.timeline, 20)?.input);
  });

  it("[DB6] opens a log too, passes over its facts, and believes its end", async () => {
    const head = openLog(recordingLines("linux-vfio-edu")[0] ?? "");
    const steps = [0, 1, 2, 3].map((place) => stepAt(edu.timeline, place));
    const lines = steps.flatMap((step) =>
      step === undefined
        ? []
        : [
            encodeInput(step.seq, step.input),
            ...step.facts.map((fact, at) => encodeFact(step.seq + 1 + at, step.seq, fact)),
          ],
    );
    const text = [encodeHeader(head.setup), ...lines, encodeEnd(8)];
    const log = await opened(`\uFEFF${text.join("\n")}\n`);
    expect([log.kind, log.timeline.end.seq, log.timeline.cut]).toEqual(["log", 8, undefined]);
    const longer = await opened([...text, lines[0]].join("\n"));
    expect(longer.timeline.cut).toContain("after the log's end");
  });

  it("[DB7] a file that is no log is refused with what it seems to be", async () => {
    const bytes = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));
    const known = {
      "": "empty",
      "\x7fELF\x02": "a program (ELF)",
      "vtd_inv_desc_iotlb_domain domain 1": "a QEMU vtd_* log",
      "DMAR: DRHD: handling fault status reg 2": "a kernel's messages",
      '{"a":1}': "JSON, but neither",
      "\x00\x01": "not text",
      hello: "some other text",
    };
    for (const [text, kind] of Object.entries(known)) {
      expect(seemsToBe(bytes(text))).toContain(kind);
      await expect(opened(bytes(text))).rejects.toThrow(kind);
    }
    await expect(opened('{"shadowfold":99}')).rejects.toThrow("line 1");
  });
});

describe("the picture of a run", () => {
  it("[DB8] at every scale the columns have every event once, and a bad one in its place", () => {
    const { columns, end } = edu.timeline;
    const bad: number[] = [];
    const names = columns.chunks.flatMap((chunk) => [...chunk.event.subarray(0, chunk.count)]);
    for (const [at, name] of names.entries()) if (isBadEvent[name]) bad.push(at);
    expect(bad.length).toBeGreaterThan(700);
    const stale = edu.picture.lanes.found.filter(({ kind }) => kind === "stale").length;
    const all = [end.seq, end.seq / 3, 4000, 700];
    for (const span of all) {
      const from = span === end.seq ? 0 : 5600;
      const to = Math.min(end.seq, from + span);
      const view = answered("overview", { from, to, columns: 300 });
      const last = (view.lanes - stale) * view.columns;
      const sum = view.counts.subarray(0, last).reduce((total, count) => total + count, 0);
      expect(Math.abs(sum - (to - from)), span.toString()).toBeLessThanOrEqual(2 * 256);
      if (from === 0) expect(sum).toBe(end.seq);
      for (const place of bad) {
        if (place < from || place >= to) continue;
        const column = Math.floor((place - from) / ((to - from) / 300));
        const near = [column - 1, column, column + 1].filter((one) => one >= 0 && one < 300);
        const isSeen = near.some((one) => {
          const at = Array.from({ length: view.lanes }, (_, lane) => lane * 300 + one);
          return at.some((index) => ((view.marks[index] ?? 0) & marks.bad) !== 0);
        });
        expect(isSeen, `${span} ${place}`).toBe(true);
      }
    }
  });

  it("[DB9] is stale where a world has something unannounced, and nowhere else", () => {
    const { timeline, picture } = edu;
    for (let place = 0; place < timeline.inputs.count; place += 7) {
      const seq = numberAt(timeline.numbers, place);
      const step = stepAt(timeline, place);
      const guest = step?.after.guests[0];
      if (step === undefined || guest === undefined) continue;
      const waits =
        shadowsOf(guest).some(({ pending }) => pending.root !== 0) ||
        hostsWhere(guest.hosts, (one) => one.pending + one.pasidPending > 0).length > 0;
      const end = step.after.seq;
      const isTold = picture.stale.times.some(({ from, until }) => from <= end && until > end);
      expect(isTold, `after input ${seq.toString()}`).toBe(waits);
    }
    const into = new Uint32Array(20);
    readStale(picture.stale, 0, { from: write - 3, to: write + 17 }, into);
    const [before, last] = [into[1] ?? 0, 5641 - write + 2];
    // Eight entries are cleared at once.
    expect([...into].map((count) => count - before)).toEqual(
      [...into].map((_, at) => (at >= 2 && at <= last ? 8 : 0)),
    );
  });

  it("[DB10] every kind of event has a lane, and what fails is marked", () => {
    const kind = (name: string) => kindOfEvent[eventNames.indexOf(name)];
    expect(kindOfEvent).toHaveLength(eventNames.length);
    expect(kind("MemoryWrite")).toBe("cpu");
    expect(kind("DmaBlocked")).toBe("device");
    expect(kind("IotlbInvalidated")).toBe("queue");
    expect(kind("ShadowUnmapped")).toBe("shadow");
    expect(kind("PageRequested")).toBe("pages");
    const bad = eventNames.filter((_, at) => isBadEvent[at]);
    expect(bad).toContain("DmaBlocked");
    expect(bad).toContain("QueueHalted");
    expect(bad).not.toContain("ShadowBlocked");
    expect(answered("nearest", { lane: 2, place: 5640, reach: 20 })).toBe(fault);
  });
});

describe("the story of a fault", () => {
  it("[DB11] the faults to look at first are those after unmapping; they are grouped", () => {
    const { faults, blocked, findingCount } = answered("summary", {});
    expect({ blocked, findingCount }).toEqual({ blocked: 752, findingCount: 0 });
    expect(faults.reduce((sum, { count }) => sum + count, 0)).toBe(752);
    expect(faults.map(({ kind }) => kind).slice(0, 4)).toEqual([
      ...["unmapped", "unmapped", "unmapped"],
      "not allowed",
    ]);
    expect(faults[0]).toMatchObject({ first: fault, count: 16, iova: "0x29e03000" });
  });

  it("[DB12] a DMA is told as why tells of it, with its numbers as links", () => {
    const story = answered("story", { at: fault });
    const last = answered("story", { at: 5690 });
    const whole = whyIn(edu.timeline, {
      guest: 0,
      device: 0x20 as never,
      iova: 0x29e0303cn as never,
    });
    expect(whole?.kind).toBe("dma");
    if (whole?.kind !== "dma") return;
    const said = [...(last?.title ?? [])].map(({ text }) => text).join("");
    expect(said).toBe(tellStory(whole)[0]);
    expect(last?.sentences).toHaveLength(tellStory(whole).length - 2);
    expect([story?.write, story?.announced, story?.at]).toEqual([write, announced, 5642]);
    expect(story?.conclusion?.filter(({ seq }) => seq !== undefined)).toEqual([
      { text: "event 5628", seq: 5628 },
      { text: "event 5642", seq: 5642 },
    ]);
    const { links } = answered("chain", { at: fault });
    expect(links.map(({ from, to }) => [from, to])).toEqual([
      [write, announced],
      [announced, 5635],
      [5635, 5642],
    ]);
    const ofWrite = answered("chain", { at: write });
    expect(ofWrite.asked).toMatchObject({ iova: "0x29e03000" });
    expect(ofWrite.links.slice(-3)).toEqual(links);
  });

  it("[DB13] a walk has each entry with its writer, three answers, and a life", () => {
    const before = answered("walk", { at: write - 1, asked: page });
    const after = answered("walk", { at: write, asked: page });
    expect([before.guest.address, before.shadow.address]).toEqual(["0x29f5000", "0x102ff5000"]);
    expect([after.guest.good, after.shadow.good, after.agree]).toEqual([false, true, false]);
    expect(after.pendingSince).toBe(write);
    expect(after.entries.at(-1)).toMatchObject({
      decides: true,
      writer: { seq: write, by: "cpu" },
    });
    expect(after.life.find(({ from }) => from === write)?.kind).toBe("stale");
    expect(() => questionOf({ ...page, iova: "0xzz" }, 1)).toThrow("no address");
    expect(() => questionOf({ ...page, device: "<b>" }, 1)).toThrow("no device");
  });

  it("[DB14] the state says what its step has changed, the queue what waits", () => {
    const state = answered("state", { at: announced, guest: 0 });
    const tail = state?.registers.find(({ name }) => name === "IQT");
    expect([tail?.before, tail?.value]).toEqual(["0xbe0", "0xc00"]);
    expect(tail?.fields.filter(({ changed }) => changed).map(({ name }) => name)).toEqual(["qt"]);
    const shadow = answered("state", { at: announced + 1, guest: 0 })?.tables.find(
      ({ name }) => name === "shadowMappings",
    );
    expect(shadow?.changed).toBeGreaterThan(0);
    const queue = answered("queue", { at: announced, guest: 0 });
    expect([queue?.state, queue?.head, queue?.tail]).toEqual(["fetching", 190, 192]);
    expect(queue?.near.slice(0, 3).map(({ place, name }) => `${place} ${name}`)).toEqual([
      "waiting IOTLB invalidate",
      "waiting Invalidation wait",
      "done Invalidation wait",
    ]);
    const chart = answered("charts", { at: fault, guest: 0 }).find(
      ({ id }) => id === "translation",
    );
    expect([chart?.units[0]?.state, chart?.last?.seq]).toEqual(["enabled", 480]);
  });
});

describe("what if", () => {
  const unsent = (): WhatIfView =>
    answered("whatIf", { title: "unsent", edits: [{ kind: "unsent", fact: announced }] }, start);

  it("[DB15] without its invalidation a removed page is still reached", () => {
    const { dma, dmaDiffering, first } = unsent();
    expect(dmaDiffering).toBe(16);
    expect(dma.every(({ left, right }) => !left?.good && right?.good)).toBe(true);
    expect(first?.left?.seq).toBe(5630);
    const edits = withoutInvalidation(start.timeline, announced);
    const { timeline, first: place } = branchOf(start.timeline, "b", edits);
    const [is, was] = [timeline.end.guests[0], start.timeline.end.guests[0]];
    expect(is?.queue).toEqual(was?.queue);
    // The write of nothing, the tail, the descriptor as it was.
    const restored = stepAt(timeline, place + 2)?.after.guests[0];
    const before = stepAt(start.timeline, place)?.after.guests[0];
    expect(restored?.memory.visible).toEqual(before?.memory.visible);
    expect(() => withoutInvalidation(start.timeline, write)).toThrow(EditError);
  });

  it("[DB16] an invalidation that is put in goes round the queue and leaves it as it was", () => {
    const { timeline } = start;
    const place = { guest: 0, device: 0x20 as never, page: 0x29e03, pasid: undefined };
    const branch = branchOf(timeline, "b", withInvalidation(timeline, write, place));
    const extra = branch.timeline.inputs.count - timeline.inputs.count;
    expect(extra).toBe(4);
    const put = Array.from({ length: extra }, (_, at) =>
      stepAt(branch.timeline, branch.first + at),
    );
    const told = put.flatMap((step) => step?.facts.map(({ type }) => type) ?? []);
    expect(told.filter((type) => type === "IotlbInvalidated")).toHaveLength(1);
    expect(told).toContain("ShadowUnmapped");
    const [is, was] = [put.at(-1)?.after.guests[0], worldAt(timeline, write)?.guests[0]];
    if (is === undefined || was === undefined) throw new Error("no guest");
    for (const { offset } of registersOf(was.profile).specs) {
      expect(registerValue(is, offset)).toBe(registerValue(was, offset));
    }
    expect(is.memory.visible).toEqual(was.memory.visible);
    expect(() => withInvalidation(timeline, announced - 2, place)).not.toThrow();
    expect(() => withInvalidation(timeline, 10, place)).toThrow(EditError);
  });

  it("[DB17] an input is changed, put in or left out as a line, or refused", () => {
    const line = answered("line", { at: write });
    expect(line).toContain('"input":"MemoryWrite"');
    const at = write;
    const left = answered("whatIf", { title: "", edits: [{ kind: "remove", at }] }, start);
    const same = answered("whatIf", { title: "", edits: [{ kind: "change", at, line }] }, start);
    expect([left.dmaDiffering, same.dmaDiffering, same.differing]).toEqual([16, 0, 0]);
    const bad = (text: string) => () =>
      answered("whatIf", { title: "", edits: [{ kind: "insert", before: at, line: text }] }, start);
    expect(bad("{")).toThrow("not JSON");
    expect(bad('{"input":"Nothing"}')).toThrow("unknown event");
    expect(bad('{"cause":0,"fact":"QueueEmptied"}')).toThrow(/fact|cause/);
  });
});
