import type { DebugProtocol } from "@vscode/debugprotocol";
import { continueTo } from "../../history/stop/stop.ts";
import type { Stride } from "../../history/timeline/cursor.ts";
import { stepBack, stepForward } from "../../history/timeline/cursor.ts";
import type { Session } from "../session/session.ts";
import { VerbError } from "../session/session.ts";
import type { Adapter, Handler } from "./adapter.ts";
import { sessionOf, stopped } from "./adapter.ts";
import { framesOf } from "./frames.ts";
import { eventOfLine, placeIn, sourceOf } from "./source-view.ts";

const edges = { forward: "the log ends here", back: "this is the start" } as const;

type Direction = keyof typeof edges;

/** Takes a step; where there is none one is told so. */
function step(adapter: Adapter, direction: Direction, stride: Stride): undefined {
  const session = sessionOf(adapter);
  const take = direction === "forward" ? stepForward : stepBack;
  const next = take(session.timeline, session.at, stride);
  const isEdge = next === session.at;
  session.at = next;
  stopped(adapter, "step", isEdge ? { description: edges[direction] } : {});
}

/** By instruction one goes over an event, else over an input and all that follows from it. */
const strideOf = (args: { readonly granularity?: string } | undefined): Stride =>
  args?.granularity === "instruction" ? "event" : "input";

const groupReasons = {
  functions: "function breakpoint",
  data: "data breakpoint",
  exceptions: "exception",
} as const;

/** Why one stopped, by the group of a stop. */
function reasonOf({ groups }: Adapter, numbers: readonly number[]): string {
  for (const [group, reason] of Object.entries(groupReasons)) {
    const own = groups.get(group as keyof typeof groupReasons) ?? [];
    if (own.some((number) => numbers.includes(number))) return reason;
  }
  return "breakpoint";
}

function go(adapter: Adapter, direction: Direction): object {
  const session = sessionOf(adapter);
  const ready = session.stops.map(({ ready: one }) => one);
  const found = continueTo(session.timeline, ready, session.at, direction);
  if (found === undefined) {
    session.at = direction === "forward" ? session.timeline.end.seq : 0;
    stopped(adapter, "pause", { description: edges[direction] });
    return { allThreadsContinued: true };
  }
  session.at = found.seq;
  const hit = session.stops.filter(({ ready: one }) => found.by.includes(one));
  const hitBreakpointIds = hit.map(({ number }) => number);
  stopped(adapter, reasonOf(adapter, hitBreakpointIds), { hitBreakpointIds });
  return { allThreadsContinued: true };
}

/** To the end of what follows from the input where one is. */
function stepOut(adapter: Adapter): undefined {
  const session = sessionOf(adapter);
  const { timeline, at } = session;
  const next = stepForward(timeline, stepBack(timeline, at, "input"), "input");
  session.at = next === at ? stepForward(timeline, at, "input") : next;
  stopped(adapter, "step");
}

function gotoTargets(
  adapter: Adapter,
  { source, line }: DebugProtocol.GotoTargetsArguments,
): object {
  const session = sessionOf(adapter);
  const at = line + 1 - adapter.firstLine;
  const seq = eventOfLine(session, source.sourceReference ?? 0, at);
  // A target's number is an event's, and the start is one too.
  return { targets: [{ id: seq + 1, label: `event ${seq.toString()}`, line }] };
}

function checkedEvent({ timeline }: Session, seq: unknown): number {
  if (typeof seq === "number" && Number.isSafeInteger(seq) && seq >= 0) {
    if (seq <= timeline.end.seq) return seq;
  }
  throw new VerbError("there is no such event");
}

function goTo(adapter: Adapter, { targetId }: DebugProtocol.GotoArguments): undefined {
  const session = sessionOf(adapter);
  session.at = checkedEvent(session, targetId - 1);
  stopped(adapter, "goto");
}

/** Events that an editor shows as a stack: the fact, and the input behind it. */
function stackTrace(
  adapter: Adapter,
  { startFrame = 0, levels = 0 }: DebugProtocol.StackTraceArguments,
): object {
  const session = sessionOf(adapter);
  const frames = framesOf(session).map(({ id, seq, name, instructionPointerReference }) => {
    const place = placeIn(seq);
    const source = sourceOf(session, place.reference);
    const line = place.line - 1 + adapter.firstLine;
    return { id, name, line, column: adapter.firstLine, source, instructionPointerReference };
  });
  const end = levels > 0 ? startFrame + levels : frames.length;
  return { stackFrames: frames.slice(startFrame, end), totalFrames: frames.length };
}

/** Requests that go somewhere, and say where one is. */
export const moveRequests: Readonly<Record<string, Handler>> = {
  continue: (adapter) => go(adapter, "forward"),
  reverseContinue: (adapter) => go(adapter, "back"),
  next: (adapter, args) => step(adapter, "forward", strideOf(args)),
  stepBack: (adapter, args) => step(adapter, "back", strideOf(args)),
  stepIn: (adapter) => step(adapter, "forward", "event"),
  stepOut,
  // Nothing ever runs on by itself: who asks for a pause stands still already.
  pause: (adapter) => {
    sessionOf(adapter);
    stopped(adapter, "pause");
    return undefined;
  },
  gotoTargets,
  goto: goTo,
  stackTrace,
};
