// Length: one scripted conversation, in which every request of an editor has its turn.

import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:net";
import { gunzipSync } from "node:zlib";
import { DebugClient } from "@vscode/debugadapter-testsupport";
import type { DebugProtocol } from "@vscode/debugprotocol";
import pc from "picocolors";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { serveOne, talk } from "./command/dap.ts";
import { startRun } from "./run.ts";
import { captureRun, recordingPath } from "./test/captured-run.ts";
import { scratch } from "./test/scratch.ts";

const { fileOf } = scratch("dap", afterAll);
const text = gunzipSync(readFileSync(recordingPath("linux-vfio-edu"))).toString("utf8");
const lines = text.split("\n").slice(0, 1700);
const program = fileOf("edu.jsonl", `${lines.join("\n")}\n`);
beforeAll(async () => {
  expect((await captureRun("index", program)).code).toBe(0);
});

const run = startRun({
  out: () => undefined,
  err: () => undefined,
  colours: pc.createColors(false),
  drawsProgress: false,
});
const server = createServer((socket) => {
  socket.on("error", () => socket.destroy());
  void talk(run, socket, socket).then(() => socket.end());
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
afterAll(() => server.close());

let ended: Promise<void> = Promise.resolve();
let editor: DebugClient;
beforeEach(async () => {
  editor = new DebugClient("node", "", "shadowfold");
  await editor.start((server.address() as AddressInfo).port);
});
afterEach(async () => {
  await editor.stop();
});

/** Launches a log and waits until one stands at an event of it. */
async function launched(args: object = {}, setUp: () => Promise<unknown> = async () => undefined) {
  await editor.initializeRequest();
  const ready = editor.waitForEvent("initialized");
  await editor.launchRequest({ program, ...args } as DebugProtocol.LaunchRequestArguments);
  await ready;
  await setUp();
  const stop = editor.waitForEvent("stopped");
  await editor.configurationDoneRequest();
  return (await stop).body as DebugProtocol.StoppedEvent["body"];
}

/** What a request stops at. */
async function stoppedBy(request: () => Promise<unknown>) {
  const stop = editor.waitForEvent("stopped");
  await request();
  return (await stop).body as DebugProtocol.StoppedEvent["body"];
}

const thread = { threadId: 1 };

async function framesOf(): Promise<readonly DebugProtocol.StackFrame[]> {
  return (await editor.stackTraceRequest(thread)).body.stackFrames;
}
const nameOf = async (): Promise<string> => (await framesOf())[0]?.name ?? "";

/** The variables below some names. */
async function variablesAt(...path: readonly string[]): Promise<DebugProtocol.Variable[]> {
  const { scopes } = (await editor.scopesRequest({ frameId: 1 })).body;
  let reference = scopes.find(({ name }) => name === path[0])?.variablesReference ?? 0;
  for (const [index] of path.entries()) {
    const { variables } = (await editor.variablesRequest({ variablesReference: reference })).body;
    const next = path[index + 1];
    if (next === undefined) return variables;
    reference = variables.find(({ name }) => name === next)?.variablesReference ?? 0;
  }
  return [];
}

const evaluated = async (expression: string, context = "repl"): Promise<string> =>
  (await editor.evaluateRequest({ expression, context })).body.result;

/** Why a request is refused. */
async function refusal(request: Promise<unknown>): Promise<string> {
  try {
    await request;
  } catch (error) {
    return (error as Error).message;
  }
  return "";
}

describe("an editor", () => {
  test("[DA1] launches a log, steps both ways, and sees the events as a stack", async () => {
    expect(await launched({ at: 5317 })).toMatchObject({ reason: "entry", threadId: 1 });
    expect((await editor.threadsRequest()).body.threads).toEqual([{ id: 1, name: "log" }]);
    expect(await nameOf()).toBe("5317 Dma");
    await stoppedBy(() => editor.stepInRequest(thread));
    expect((await framesOf()).map(({ name }) => name)).toEqual(["5318 DmaTranslated", "5317 Dma"]);
    await stoppedBy(() => editor.stepOutRequest(thread));
    expect(await nameOf()).toBe("5319 DmaLanded");
    await stoppedBy(() => editor.nextRequest(thread));
    expect(await nameOf()).toBe("5322 DmaLanded");
    await stoppedBy(() => editor.stepBackRequest(thread));
    expect(await nameOf()).toBe("5319 DmaLanded");
    const fine = { ...thread, granularity: "instruction" } as const;
    await stoppedBy(() => editor.stepBackRequest(fine));
    expect(await nameOf()).toBe("5318 DmaTranslated");
    await stoppedBy(() => editor.nextRequest(fine));
    expect(await nameOf()).toBe("5319 DmaLanded");
    expect(await stoppedBy(() => editor.pauseRequest(thread))).toMatchObject({ reason: "pause" });
    const one = await editor.stackTraceRequest({ ...thread, startFrame: 1, levels: 1 });
    expect(one.body).toMatchObject({ stackFrames: [{ name: "5317 Dma" }], totalFrames: 2 });
    expect(await stoppedBy(() => editor.reverseContinueRequest(thread))).toMatchObject({
      description: "this is the start",
    });
    expect(await nameOf()).toBe("start");
    await stoppedBy(() => editor.stepBackRequest(thread));
    expect(await nameOf()).toBe("start");
  });

  test("[DA2] stops at events, at what is wrong, and under conditions, both ways", async () => {
    const functions = [
      { name: "DmaLanded", condition: "seq > 5320" },
      { name: 'input == "RegisterWrite" && seq > 5500' },
      { name: "DmaLandedd" },
      { name: "Dma", condition: "seq >" },
    ];
    let told: DebugProtocol.Breakpoint[] = [];
    const entry = await launched({ stopOnEntry: false }, async () => {
      told = (await editor.setFunctionBreakpointsRequest({ breakpoints: functions })).body
        .breakpoints;
      const filters = ["halted", "nonsense"];
      const exceptions = await editor.setExceptionBreakpointsRequest({ filters });
      expect(exceptions.body).toMatchObject({
        breakpoints: [{ verified: true }, { verified: false }],
      });
    });
    expect(told).toMatchObject([
      { verified: true },
      { verified: true },
      { verified: false, message: "there is no event DmaLandedd" },
      { verified: false, message: expect.stringMatching(/^position \d+: /) },
    ]);
    expect(entry.reason).toBe("breakpoint");
    expect(await nameOf()).toBe("5322 DmaLanded");
    expect(await stoppedBy(() => editor.continueRequest(thread))).toMatchObject({
      reason: "function breakpoint",
      hitBreakpointIds: [told[0]?.id],
    });
    expect(await nameOf()).toBe("5325 DmaLanded");
    await stoppedBy(() => editor.reverseContinueRequest(thread));
    expect(await nameOf()).toBe("5322 DmaLanded");
    await editor.setFunctionBreakpointsRequest({ breakpoints: functions.slice(1, 2) });
    await stoppedBy(() => editor.continueRequest(thread));
    expect(await nameOf()).toMatch(/RegisterWrite/);
    await editor.setFunctionBreakpointsRequest({ breakpoints: [] });
    expect(await stoppedBy(() => editor.continueRequest(thread))).toMatchObject({
      description: "the log ends here",
    });
    await editor.setExceptionBreakpointsRequest({
      filters: [],
      filterOptions: [{ filterId: "laws" }, { filterId: "blocked", condition: "seq < 5" }],
    } as DebugProtocol.SetExceptionBreakpointsArguments);
    expect((await stoppedBy(() => editor.reverseContinueRequest(thread))).description).toBe(
      "this is the start",
    );
  });

  test("[DA3] watches a register, a guest word and the translation of an address", async () => {
    await launched({ at: 5304 });
    const info = (args: DebugProtocol.DataBreakpointInfoArguments) =>
      editor.dataBreakpointInfoRequest(args).then(({ body }) => body);
    const { scopes } = (await editor.scopesRequest({ frameId: 1 })).body;
    const variablesReference = scopes[0]?.variablesReference ?? 0;
    const word = await info({ variablesReference, name: "gpa" });
    expect(word).toMatchObject({ dataId: "memory:0/0x49b09a8/8", accessTypes: ["write"] });
    const register = await info({ name: "IQH" });
    expect(register.dataId).toBe("register:0/IQH");
    const page = await info({ name: "page:0/00:04.0/0x28325000" });
    expect(page.description).toBe("translation of 00:04.0 0x28325000 changes");
    expect(await info({ name: "event clouds" })).toMatchObject({ dataId: null });
    expect(await info({ variablesReference, name: "event" })).toMatchObject({ dataId: null });
    expect((await info({ name: "entry:0/0x1000" })).dataId).toBe("memory:0/0x1000/8");
    const watch = async (...ids: readonly (string | null)[]) =>
      (
        await editor.setDataBreakpointsRequest({
          breakpoints: ids.map((dataId) => ({ dataId: dataId ?? "" })),
        })
      ).body.breakpoints;
    expect(await watch(page.dataId)).toMatchObject([{ verified: true }]);
    expect(await stoppedBy(() => editor.continueRequest(thread))).toMatchObject({
      reason: "data breakpoint",
    });
    expect(await nameOf()).toBe("5381 MemoryWrite");
    await watch(register.dataId);
    await stoppedBy(() => editor.reverseContinueRequest(thread));
    expect(await nameOf()).toMatch(/DescriptorCompleted$/);
    await watch(word.dataId);
    await stoppedBy(() => editor.reverseContinueRequest(thread));
    expect(await nameOf()).toBe("5304 MemoryWrite");
    expect(await watch("clouds", "register:0/NONE")).toMatchObject([
      { verified: false, message: "clouds: nothing that can be watched" },
      { verified: false, message: "there is no register NONE" },
    ]);
    const rows = await variablesAt("Guest 0", "registers");
    const gsts = await editor.dataBreakpointInfoRequest({ name: "GSTS" });
    expect(gsts.body.dataId).toBe("register:0/GSTS");
    expect(rows.find(({ name }) => name === "GSTS")?.evaluateName).toBe("GSTS");
  });

  test("[DA4] shows the state as a tree, long tables in pages", async () => {
    await launched({ at: 5318 });
    const event = { name: "event", value: "DmaTranslated", variablesReference: 0 };
    expect((await variablesAt("Event"))[0]).toEqual(event);
    const guest = await variablesAt("Guest 0");
    expect(guest).toContainEqual(
      expect.objectContaining({ name: "translation", value: "enabled" }),
    );
    const fields = await variablesAt("Guest 0", "registers", "GSTS");
    expect(fields).toContainEqual({ name: "tes", value: "true", variablesReference: 0 });
    const p2m = await variablesAt("Guest 0", "p2m");
    expect(p2m.length).toBeGreaterThan(5);
    expect(p2m[1]).toMatchObject({ name: "[100..199]" });
    const page = await variablesAt("Guest 0", "p2m", "[100..199]");
    expect(page).toHaveLength(100);
    const [row] = await variablesAt("Guest 0", "hostEntries", "00:04.0");
    expect(row).toMatchObject({ name: "state", value: "shadowed" });
    const { scopes } = (await editor.scopesRequest({ frameId: 2 })).body;
    const variablesReference = scopes[0]?.variablesReference ?? 0;
    const some = await editor.variablesRequest({ variablesReference, start: 1, count: 1 });
    expect(some.body.variables).toMatchObject([{ name: "device", value: "00:04.0" }]);
    await stoppedBy(() => editor.nextRequest(thread));
    expect(await refusal(editor.variablesRequest({ variablesReference: 99 }))).toMatch(/no more/);
  });

  test("[DA5] evaluates names, expressions, translate and why, and completes words", async () => {
    await launched({ at: 5317 });
    expect(await evaluated("GSTS", "watch")).toMatch(/^0x[0-9a-f]+$/);
    expect(await evaluated("iova", "hover")).toBe("0x28325000");
    expect(await evaluated('input == "Dma" && iova > 0x1000', "watch")).toBe("true");
    expect(await evaluated("pasid == 5")).toBe("false");
    expect(await evaluated("translate 00:04.0 0x28325000", "watch")).toContain("HPA 0x1134c0000");
    expect(await evaluated("why page:0/00:04.0/0x28325000")).toContain("would land");
    const went = await stoppedBy(() => evaluated("goto 5320"));
    expect(went.reason).toBe("goto");
    expect(await refusal(evaluated("goto 5317", "watch"))).toMatch(/evaluate: position/);
    expect(await nameOf()).toBe("5320 Dma");
    expect(await refusal(evaluated("translate 07:00.0 0x1000"))).toMatch(/not assigned/);
    expect(await refusal(evaluated(""))).toMatch(/say what/);
    await stoppedBy(() => evaluated("what-if remove 5305"));
    expect(await evaluated("where")).toContain("edits: 1");
    const { targets } = (await editor.completionsRequest({ text: "watch re", column: 9 })).body;
    expect(targets).toEqual([{ label: "register", start: 6, length: 2 }]);
  });

  test("[DA6] has the log as text, where it goes to a moment and breaks at one", async () => {
    await launched({ at: 2500 });
    const [frame] = await framesOf();
    expect(frame).toMatchObject({
      line: 501,
      source: { name: expect.stringMatching(/ 2001-3000$/) },
    });
    const sourceReference = frame?.source?.sourceReference ?? 0;
    const source = { sourceReference };
    const { content } = (await editor.sourceRequest({ sourceReference, source })).body;
    expect(content.split("\n")[500]).toMatch(/^ +2500 /);
    expect(content.split("\n")).toHaveLength(1002);
    const sources = (await editor.customRequest("loadedSources")).body.sources;
    expect(sources).toHaveLength(7);
    const placed = await editor.setBreakpointsRequest({
      source,
      breakpoints: [{ line: 603 }, { line: 604, condition: "seq == 1" }, { line: 5000 }],
    });
    expect(placed.body.breakpoints).toMatchObject([
      { verified: true, line: 603 },
      { verified: true, line: 604 },
      { verified: false, message: "line 5000 is no event" },
    ]);
    expect(await stoppedBy(() => editor.continueRequest(thread))).toMatchObject({
      reason: "breakpoint",
    });
    expect(await nameOf()).toMatch(/^2602 /);
    const { targets } = (await editor.gotoTargetsRequest({ source, line: 12 })).body;
    expect(targets).toMatchObject([{ label: "event 2011" }]);
    const targetId = targets[0]?.id ?? 0;
    const went = await stoppedBy(() => editor.gotoRequest({ ...thread, targetId }));
    expect(went.reason).toBe("goto");
    expect(await nameOf()).toMatch(/^2011 /);
    expect(await refusal(editor.gotoRequest({ ...thread, targetId: 999_999 }))).toMatch(
      /there is no such event/,
    );
  });

  test("[DA7] sees the invalidation queue taken apart, and guest memory", async () => {
    await launched({ at: 5305 });
    await stoppedBy(() => editor.stepInRequest(thread));
    const [frame] = await framesOf();
    const memoryReference = frame?.instructionPointerReference ?? "";
    expect(memoryReference).toBe("0x49b09a0");
    const { instructions = [] } =
      (
        await editor.disassembleRequest({
          memoryReference,
          instructionOffset: -1,
          instructionCount: 4,
        })
      ).body ?? {};
    expect(instructions).toMatchObject([
      { address: "0x49b0990", instruction: expect.stringMatching(/^wait /) },
      {
        address: "0x49b09a0",
        symbol: "head",
        instruction: expect.stringMatching(/^iotlb .*waits$/),
      },
      { instruction: expect.stringMatching(/^wait .*waits$/) },
      { symbol: "tail" },
    ]);
    const outside = await editor.disassembleRequest({
      memoryReference,
      instructionOffset: -156,
      instructionCount: 3,
    });
    expect(outside.body?.instructions.map(({ presentationHint }) => presentationHint)).toEqual([
      "invalid",
      "invalid",
      undefined,
    ]);
    const read = await editor.customRequest("readMemory", { memoryReference, count: 8, offset: 8 });
    expect(read.body).toMatchObject({ address: "0x49b09a8" });
    expect(Buffer.from(read.body.data, "base64").toString("hex")).toBe("04605f2800000000");
    const wrong = { memoryReference: "x", count: 8 };
    expect(await refusal(editor.customRequest("readMemory", wrong))).toMatch(/no address/);
    const many = { memoryReference, instructionCount: 1e9 };
    expect(await refusal(editor.disassembleRequest(many))).toMatch(/too many.* at most 5000/);
    const fewer = { memoryReference, instructionCount: -3 };
    expect(await refusal(editor.disassembleRequest(fewer))).toMatch(/-3 is no number of/);
    const half = { memoryReference, instructionOffset: 0.5, instructionCount: 3 };
    expect(await refusal(editor.disassembleRequest(half))).toMatch(/instructionOffset: expected/);
  });

  test("[DA8] is refused what cannot be, in one line, and goes on", async () => {
    await editor.initializeRequest();
    expect(await refusal(editor.threadsRequest())).toMatch(/nothing was launched yet/);
    expect(await refusal(editor.continueRequest(thread))).toMatch(/nothing was launched yet/);
    const launch = (args: object): Promise<string> =>
      refusal(editor.launchRequest(args as DebugProtocol.LaunchRequestArguments));
    expect(await launch({})).toMatch(/program: expected/);
    expect(await launch({ program, at: -1 })).toMatch(/at: expected/);
    expect(await launch({ program: `${program}.none` })).toMatch(/no such file/);
    const page = fileOf("page.html", "<html></html>\n");
    expect(await launch({ program: page })).toMatch(/page\.html:1: \S/);
    expect(await refusal(editor.customRequest("sing"))).toMatch(/no such request/);
    expect(await launch({ program })).toBe("");
    const nothing = {} as never;
    for (const request of [
      editor.setBreakpointsRequest(nothing),
      editor.scopesRequest(nothing),
      editor.variablesRequest(nothing),
      editor.sourceRequest(nothing),
      editor.gotoRequest(nothing),
      editor.gotoTargetsRequest(nothing),
      editor.evaluateRequest(nothing),
      editor.disassembleRequest(nothing),
      editor.completionsRequest(nothing),
      editor.dataBreakpointInfoRequest(nothing),
    ]) {
      expect(await refusal(request)).toMatch(/^\w+: (\w+: expected|there is) \S.*$/);
    }
    await stoppedBy(() => editor.configurationDoneRequest());
    const over = editor.waitForEvent("terminated");
    await editor.terminateRequest();
    await over;
  });

  test("[DA8] is told what is no message, and answers the next one", async () => {
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    let said = "";
    socket.on("data", (bytes: Buffer) => (said += bytes.toString("utf8")));
    const ask = { seq: 9, type: "request", command: "threads" };
    for (const body of ["not json", "null", "7", "[]", "{}", '{"a', JSON.stringify(ask)]) {
      socket.write(`Content-Length: ${body.length.toString()}\r\n\r\n${body}`);
    }
    await expect.poll(() => said).toMatch(/"request_seq":9.*nothing was launched yet/);
    expect(said.match(/"stderr"/g)).toHaveLength(4);
    expect(said).toMatch(/a message that cannot be read: .*a message that is no object/s);
    socket.destroy();
  });

  test("[DA8] a log cut short opens up to the cut, and the editor is told", async () => {
    const cut = fileOf("cut.jsonl", `${lines.slice(0, 50).join("\n")}\n{"cut`);
    await editor.initializeRequest();
    const output = editor.waitForEvent("output");
    await editor.launchRequest({ program: cut } as DebugProtocol.LaunchRequestArguments);
    expect((await output).body.output).toMatch(/cut\.jsonl:51: \S/);
  });
});

test("[DA9] the program speaks with one editor at a port, and ends with it", async () => {
  let port = 0;
  const told = new Promise<void>((resolve) => {
    const err = (line: string): void => {
      port = Number(/127\.0\.0\.1:(\d+)/.exec(line)?.[1]);
      resolve();
    };
    ended = serveOne({ ...run, terminal: { ...run.terminal, err } }, 0);
  });
  await told;
  const other = new DebugClient("node", "", "shadowfold");
  await other.start(port);
  expect((await other.initializeRequest()).body?.supportsStepBack).toBe(true);
  await other.stop();
  await ended;
  const taken = (server.address() as AddressInfo).port;
  await expect(serveOne(run, taken)).rejects.toThrow(/^port \d+: /);
  expect((await captureRun("dap", "--port", "x")).err).toMatch(/Expected a port/);
});
