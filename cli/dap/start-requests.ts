import type { DebugProtocol } from "@vscode/debugprotocol";
import type { Stop } from "../../history/stop/stop.ts";
import { continueTo } from "../../history/stop/stop.ts";
import { openHistory } from "../history-file.ts";
import { startSession, VerbError } from "../session/session.ts";
import type { Adapter, Handler } from "./adapter.ts";
import { breakpointOf, sessionOf, setGroup, stopped, tellLater, threadId } from "./adapter.ts";
import { eventOfLine } from "./source-view.ts";
import { watchOfId } from "./watch-id.ts";

/** What is wrong somewhere: editors offer these as boxes to tick. */
const exceptions = [
  { filter: "laws", label: "Broken laws", where: "laws.size() > 0" },
  { filter: "blocked", label: "Blocked requests", where: 'event.endsWith("Blocked")' },
  { filter: "refused", label: "Refused inputs", where: 'fact == "InputRefused"' },
  { filter: "halted", label: "The queue halts", where: 'fact == "QueueHalted"' },
] as const;

/** What an editor may ask for here. */
export const capabilities: DebugProtocol.Capabilities = {
  supportsConfigurationDoneRequest: true,
  supportsFunctionBreakpoints: true,
  supportsConditionalBreakpoints: true,
  supportsDataBreakpoints: true,
  supportsStepBack: true,
  supportsGotoTargetsRequest: true,
  supportsSteppingGranularity: true,
  supportsEvaluateForHovers: true,
  supportsCompletionsRequest: true,
  supportsDisassembleRequest: true,
  supportsReadMemoryRequest: true,
  supportsLoadedSourcesRequest: true,
  supportsTerminateRequest: true,
  supportsExceptionFilterOptions: true,
  exceptionBreakpointFilters: exceptions.map(({ filter, label }) => ({
    filter,
    label,
    supportsCondition: true,
  })),
};

interface LaunchArguments {
  readonly program?: unknown;
  readonly at?: unknown;
  readonly stopOnEntry?: unknown;
}

async function launch(adapter: Adapter, args: LaunchArguments | undefined): Promise<object> {
  const { program, at = 0, stopOnEntry } = args ?? {};
  if (typeof program !== "string" || program === "" || program === "-") {
    throw new VerbError("program: expected the name of a log");
  }
  if (typeof at !== "number" || !Number.isSafeInteger(at) || at < 0) {
    throw new VerbError("at: expected the number of an event");
  }
  const history = await openHistory(adapter.run, program);
  adapter.session = startSession(adapter.run.terminal, program, history, at);
  adapter.stopOnEntry = stopOnEntry !== false;
  if (history.failure !== undefined) {
    tellLater(adapter, "output", { category: "stderr", output: `${history.failure.message}\n` });
  }
  tellLater(adapter, "initialized");
  return {};
}

/** Everything is set up: one is at the start, or goes to the first stop. */
function configurationDone(adapter: Adapter): undefined {
  const session = sessionOf(adapter);
  if (adapter.stopOnEntry) {
    stopped(adapter, "entry");
    return;
  }
  const ready = session.stops.map(({ ready: one }) => one);
  const found = continueTo(session.timeline, ready, session.at, "forward");
  session.at = found?.seq ?? session.timeline.end.seq;
  stopped(adapter, found === undefined ? "pause" : "breakpoint");
}

const conditionOf = (condition: string | undefined): object =>
  condition === undefined || condition.trim() === "" ? {} : { condition };

/** Lines of the log: each is an event. */
function setBreakpoints(
  adapter: Adapter,
  { source, breakpoints = [] }: DebugProtocol.SetBreakpointsArguments,
): object {
  const session = sessionOf(adapter);
  const reference = source.sourceReference ?? 0;
  const stops = breakpoints.map(({ line, condition }) => (): Stop => {
    if (reference === 0) throw new VerbError("breakpoints stand in the log's own parts");
    const seq = eventOfLine(session, reference, line + 1 - adapter.firstLine);
    return { watch: { on: "moment", seq }, ...conditionOf(condition) };
  });
  const placed = setGroup(adapter, `source ${reference}`, stops);
  const shown = placed.map((one, index) => {
    return { ...breakpointOf(one), line: breakpoints[index]?.line };
  });
  return { breakpoints: shown };
}

/** An event's name, or an expression. */
function functionStop({ name, condition }: DebugProtocol.FunctionBreakpoint): Stop {
  const isName = /^\w+$/.test(name.trim());
  return {
    watch: isName ? { on: "event", event: name.trim() } : { on: "where", where: name },
    ...conditionOf(condition),
  };
}

function setFunctionBreakpoints(
  adapter: Adapter,
  { breakpoints }: DebugProtocol.SetFunctionBreakpointsArguments,
): object {
  const stops = breakpoints.map((one) => () => functionStop(one));
  return { breakpoints: setGroup(adapter, "functions", stops).map(breakpointOf) };
}

function dataStop({ dataId, condition }: DebugProtocol.DataBreakpoint): Stop {
  const watch = watchOfId(dataId);
  if (watch === undefined) throw new VerbError(`${dataId}: nothing that can be watched`);
  return { watch, ...conditionOf(condition) };
}

function setDataBreakpoints(
  adapter: Adapter,
  { breakpoints }: DebugProtocol.SetDataBreakpointsArguments,
): object {
  const stops = breakpoints.map((one) => () => dataStop(one));
  return { breakpoints: setGroup(adapter, "data", stops).map(breakpointOf) };
}

function setExceptionBreakpoints(
  adapter: Adapter,
  { filters = [], filterOptions = [] }: DebugProtocol.SetExceptionBreakpointsArguments,
): object {
  const wanted: readonly { readonly filterId: string; readonly condition?: string }[] = [
    ...filters.map((filterId) => ({ filterId })),
    ...filterOptions,
  ];
  const stops = wanted.map(({ filterId, condition }) => (): Stop => {
    const found = exceptions.find(({ filter }) => filter === filterId);
    if (found === undefined) throw new VerbError(`${filterId}: no such filter`);
    return { watch: { on: "where", where: found.where }, ...conditionOf(condition) };
  });
  return { breakpoints: setGroup(adapter, "exceptions", stops).map(breakpointOf) };
}

/** The log itself ends with the conversation about it. */
function leave(adapter: Adapter): undefined {
  adapter.session = undefined;
  adapter.isOver = true;
}

function terminate(adapter: Adapter): undefined {
  adapter.session = undefined;
  tellLater(adapter, "terminated");
}

/** Requests that begin, set up and end a conversation. */
export const startRequests: Readonly<Record<string, Handler>> = {
  launch,
  configurationDone,
  setBreakpoints,
  setFunctionBreakpoints,
  setDataBreakpoints,
  setExceptionBreakpoints,
  threads: (adapter) => {
    sessionOf(adapter);
    return { threads: [{ id: threadId, name: "log" }] };
  },
  terminate,
  disconnect: leave,
};
