// Length: one recording, folded once, for all verbs of a session.

import { PassThrough, Readable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import pc from "picocolors";
import { expect, test } from "vitest";
import { foldHistory } from "./history-file.ts";
import { startRun } from "./run.ts";
import type { Session } from "./session/session.ts";
import { startSession } from "./session/session.ts";
import { completions, tell, verbs } from "./session/verbs.ts";
import type { Terminal } from "./terminal.ts";
import type { SessionInput, SessionOptions } from "./terminal-session.ts";
import { terminalSession } from "./terminal-session.ts";
import { recordingPath } from "./test/captured-run.ts";

const file = recordingPath("linux-vfio-edu");
const page = "page:0/00:04.0/0x28325000";
const texts: { out: string; err: string } = { out: "", err: "" };
const terminal: Terminal = {
  out: (text) => {
    texts.out += text;
  },
  err: (text) => {
    texts.err += text;
  },
  colours: pc.createColors(false),
  drawsProgress: false,
};
const history = await foldHistory(startRun(terminal), file, 6000);
const fresh = (at = 0): Session => startSession(terminal, file, history, at);

/** What a session says to some lines, and its exit code. */
async function say(input: SessionInput, options: SessionOptions = {}, session = fresh()) {
  Object.assign(texts, { out: "", err: "" });
  const run = startRun(terminal);
  await terminalSession(run, session, input, options);
  return { ...texts, code: run.exitCode() };
}

const piped = (...lines: readonly string[]): SessionInput => ({
  input: Readable.from([lines.map((line) => `${line}\n`).join("")]),
});

/** The data of one line. */
const dataOf = (session: Session, line: string): Readonly<Record<string, unknown>> => {
  const outcome = tell(session, line);
  if ("error" in outcome) throw new Error(outcome.error);
  return outcome.said.data;
};

test("[TT30] a pipe takes a session through the log, without prompt and colours", async () => {
  const { out, err, code } = await say(
    piped(
      "goto 5300",
      "# a remark",
      "",
      "break Dma if seq > 5320",
      "continue",
      `translate ${page}`,
      "quit",
      "never",
    ),
  );
  expect({ err, code }).toEqual({ err: "", code: 0 });
  expect(out).toMatch(/^ {4}5300 .*\nstop 1: Dma, if seq > 5320\nstop 1: .*\n {4}5323 {2}Dma /);
  expect(out).toContain("HPA 0x1134c0000");
  expect(out).not.toContain("\u001b");
  expect(out).not.toContain("(event");
});

test("[TT30] steps, stops and places go both ways", () => {
  const session = fresh(5317);
  const at = (line: string): unknown => dataOf(session, line)["at"];
  expect(at("s")).toBe("event:5318");
  expect(at("back 2")).toBe("event:5316");
  expect(at("next")).toBe("event:5319");
  expect(at("previous")).toBe("event:5316");
  expect(at('continue fact == "QueueHalted" || seq == 5400')).toBe("event:5400");
  expect(at('rc input == "Dma"')).toBe("event:5350");
  expect(at("goto start")).toBe("event:0");
  expect(dataOf(session, "back")).toMatchObject({ edge: "this is the start", event: null });
  expect(at("goto end")).toBe(`event:${history.timeline.end.seq}`);
  expect(dataOf(session, "step")).toMatchObject({ edge: "the log ends here" });
  expect(at("mark here twice looked at")).toBeUndefined();
  expect(at("goto -10")).toBe(`event:${history.timeline.end.seq - 10}`);
  expect(at("goto here")).toBe(`event:${history.timeline.end.seq}`);
  dataOf(session, "goto 0");
  dataOf(session, "watch register IQT");
  dataOf(session, "watch memory 0x49b09a8 8");
  dataOf(session, `watch page ${page}`);
  expect(dataOf(session, "continue")["stops"]).toEqual([1]);
  expect(dataOf(session, "delete 1")["stops"]).toHaveLength(2);
  expect(dataOf(session, "c")["stops"]).toEqual([3]);
  dataOf(session, "delete all");
  expect(dataOf(session, "continue")).toMatchObject({ edge: "the log ends here" });
});

test("[TT30] what is shown has handles, which every verb takes", () => {
  const session = fresh(5320);
  expect(dataOf(session, "list 3")["events"]).toMatchObject([{ seq: 5319 }, { seq: 5320 }, {}]);
  expect(dataOf(session, "state hostentries")).toMatchObject({
    guests: [{ guest: 0, hostEntries: { "00:04.0": { state: "shadowed" } } }],
  });
  expect(dataOf(session, "diff 5300 5310")["changes"]).toContainEqual(
    expect.objectContaining({ table: "registers", key: "IQT" }),
  );
  const { found } = dataOf(session, 'search fact == "ShadowMapped"') as { found: string[] };
  expect(dataOf(session, `goto ${found[0]}`)["event"]).toMatchObject({ fact: "ShadowMapped" });
  expect(dataOf(session, 'is fact == "ShadowMapped"')["value"]).toBe(true);
  dataOf(session, "goto 5320");
  expect(dataOf(session, `why ${page}`)).toMatchObject({ page, device: "00:04.0" });
  expect(dataOf(session, "life 00:04.0 0x28325123")).toMatchObject({ page });
  expect(dataOf(session, "writer 0x49b09a8")).toMatchObject({
    entry: "entry:0/0x49b09a8",
    by: "cpu",
    event: { seq: 5304 },
  });
  expect(dataOf(session, "reader entry:0/0x49b09a8")).toMatchObject({ entry: "entry:0/0x49b09a8" });
  expect(dataOf(session, "queue")).toMatchObject({ base: 0x49b0000n, head: 0x9c0, tail: 0x9c0 });
  expect(dataOf(session, "findings")).toEqual({ findings: [] });
});

test("[TT30] a what-if goes on in what would have been, and back", () => {
  const session = fresh(5320);
  const last = session.timeline.end.seq;
  expect(dataOf(session, "what-if remove 5305")).toMatchObject({ first: { right: null } });
  expect(dataOf(session, "where")).toMatchObject({ edits: 1, last: last - 4 });
  const tried = dataOf(session, "what-if invalidate 5317 domain 00:04.0 0");
  expect(tried).toMatchObject({ inputs: { right: history.timeline.inputs.count + 3 } });
  expect(tell(session, "what-if remove 5306")).toMatchObject({
    error: "event 5306 is a fact; it follows from input 5305",
  });
  expect(dataOf(session, "where")["edits"]).toBe(5);
  expect(dataOf(session, "what-if reset")).toMatchObject({ last });
});

test("[TT31] what cannot be carried out is told in one line, and the exit code is 2", async () => {
  const wrong = [
    "frob",
    "ma here",
    "goto nowhere",
    "goto 99999999",
    "goto -11",
    "step 0",
    "break",
    "break Dmaa",
    "break seq <",
    "break Dma if reason >",
    "watch register NONE",
    "watch register",
    "watch memory",
    "watch clouds",
    "delete 7",
    "state clouds",
    "translate 00:04.0",
    "translate 07:00.0 0x1000",
    "translate page:9/00:04.0/0x1000",
    "why 99:99.9 0x0",
    "writer x",
    "queue 9",
    "search",
    "is 5",
    "list none",
    "mark 1",
    "what-if",
    "what-if insert 1 {}",
    "what-if invalidate 1 everything",
    'continue event == "UnitRestored"',
  ];
  const session = fresh(10);
  const { out, err, code } = await say(piped(...wrong), { json: true }, session);
  const answers = out.trim().split("\n");
  expect(answers).toHaveLength(wrong.length);
  for (const [index, line] of answers.entries()) {
    expect([wrong[index], JSON.parse(line)]).toEqual([
      wrong[index],
      { verb: expect.any(String), error: expect.stringMatching(/^\S.{5,}$/) },
    ]);
  }
  expect(err.trim().split("\n")).toHaveLength(wrong.length);
  expect({ code, at: session.at, stops: session.stops }).toEqual({ code: 2, at: 10, stops: [] });
});

test("[TT31] with --json every answer is one object in one line", async () => {
  const lines = verbs.flatMap(({ name }) => {
    const page_ = `${name} 00:04.0 0x28325000`;
    if (/^(translate|why|lifeline)$/.test(name)) return [page_];
    if (/^(writer|reader)$/.test(name)) return [`${name} 0x49b09a8`];
    if (/^(is|search)$/.test(name)) return [`${name} seq == 5`];
    if (name === "watch") return ["watch register GSTS"];
    if (name === "mark") return ["mark here"];
    if (name === "what-if") return ["what-if remove 5305"];
    if (/^(goto|break)$/.test(name)) return [`${name} 12`];
    return name === "delete" ? ["delete all"] : [name];
  });
  const { out, err, code } = await say(piped(...lines), { json: true });
  expect({ err, code }).toEqual({ err: "", code: 0 });
  const said = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).verb);
  expect(said).toEqual(verbs.map(({ name }) => name));
});

test("[TT30] a terminal completes words, repeats a step, and bears what is wrong", async () => {
  const [input, prompt] = [new PassThrough(), new PassThrough()];
  let drawn = "";
  prompt.on("data", (text: Buffer) => {
    drawn += text.toString();
  });
  const session = fresh(5316);
  const told = say({ input, prompt }, {}, session);
  for (const keys of ["ste", "\t", "\r", "\r", "frob\r", "quit\r"]) {
    input.write(keys);
    await setTimeout(20);
  }
  const { out, err, code } = await told;
  expect({ err, code, at: session.at }).toEqual({ err: "", code: 0, at: 5318 });
  expect(out).toMatch(/5317 .*\n.*5318 .*\nfrob: no such verb/);
  expect(drawn).toContain("(event 5316) ");
  expect(drawn).toContain("step");
});

test("[TT30] every word that may come next is completed", () => {
  const session = fresh();
  const next = (line: string): readonly string[] => completions(session, line)[0];
  expect(next("re")).toEqual(["reverse", "reader"]);
  expect(next("break DmaBl")).toEqual(["DmaBlocked"]);
  expect(next("watch re")).toEqual(["register"]);
  expect(next("watch register IQ")).toEqual(["IQH", "IQT", "IQA", "IQERCD"]);
  expect(next("watch page p")).toEqual(["page:0/00:04.0/"]);
  expect(next("state ho")).toEqual(["hostEntries"]);
  expect(next("why p")).toEqual(["page:0/00:04.0/"]);
  expect(next("what-if inv")).toEqual(["invalidate"]);
  expect(next("what-if invalidate 5 d")).toEqual(["domain"]);
  expect(next("help st")).toEqual(["step", "stops", "state"]);
  expect(next("goto st")).toEqual(["start"]);
  expect(next("delete a")).toEqual(["all"]);
  expect(next("nonsense x")).toEqual([]);
});
