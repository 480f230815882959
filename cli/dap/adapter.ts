import type { DebugProtocol } from "@vscode/debugprotocol";
import type { Stop } from "../../history/stop/stop.ts";
import { readyStop } from "../../history/stop/stop.ts";
import type { Run } from "../run.ts";
import type { NumberedStop, Session } from "../session/session.ts";
import { VerbError } from "../session/session.ts";
import type { Variables } from "./variables.ts";
import { newVariables } from "./variables.ts";

/** Breakpoints that an editor sets together; each set replaces the one before. */
export type StopGroup = "functions" | "data" | "exceptions" | `source ${number}`;

/** One conversation with an editor. */
export interface Adapter {
  readonly run: Run;
  /** The log that is gone through; `undefined` before it is launched. */
  session: Session | undefined;
  /** What is stopped at once everything is set up, or that nothing is. */
  stopOnEntry: boolean;
  /** The numbers of the stops of each group. */
  readonly groups: Map<StopGroup, readonly number[]>;
  /** What was shown of the state since one is where one is. */
  variables: Variables;
  /** Events that are sent once the request is answered. */
  readonly events: DebugProtocol.Event[];
  /** Whether the editor counts lines from 1, as is done here. */
  firstLine: 0 | 1;
  /** Nothing more is to come. */
  isOver: boolean;
}

export const newAdapter = (run: Run): Adapter => ({
  run,
  session: undefined,
  stopOnEntry: true,
  groups: new Map(),
  variables: newVariables(),
  events: [],
  firstLine: 1,
  isOver: false,
});

/** What a request of an editor is answered; its body may be missing. */
export type Handler = (adapter: Adapter, args: never) => object | undefined | Promise<object>;

/** The session of a request that needs one. @throws VerbError before the launch. */
export function sessionOf({ session }: Adapter): Session {
  if (session === undefined) throw new VerbError("nothing was launched yet");
  return session;
}

let seq = 0;

/** Sends an event once the request is answered. */
export function tellLater(adapter: Adapter, event: string, body?: object): void {
  seq += 1;
  adapter.events.push({ seq, type: "event", event, ...(body === undefined ? {} : { body }) });
}

/** The one thread that there is: the log. */
export const threadId = 1;

/** Tells that one is somewhere else; what was shown of the state is gone. */
export function stopped(adapter: Adapter, reason: string, more: object = {}): void {
  adapter.variables = newVariables();
  tellLater(adapter, "stopped", { reason, threadId, allThreadsStopped: true, ...more });
}

/** What became of a breakpoint: its number, or why it cannot be. */
export type Placed =
  | { readonly stop: NumberedStop; readonly error?: undefined }
  | { readonly error: string };

/** Replaces the breakpoints of a group. One that cannot be is told, and the others stand. */
export function setGroup(
  adapter: Adapter,
  group: StopGroup,
  wanted: readonly (() => Stop)[],
): readonly Placed[] {
  const session = sessionOf(adapter);
  const old = adapter.groups.get(group) ?? [];
  session.stops = session.stops.filter(({ number }) => !old.includes(number));
  const placed = wanted.map((make): Placed => {
    try {
      const ready = readyStop(session.timeline, make());
      const stop = { number: session.nextStop, ready };
      session.nextStop += 1;
      session.stops = [...session.stops, stop];
      return { stop };
    } catch (error) {
      return { error: error instanceof Error ? error.message : String(error) };
    }
  });
  const numbers = placed.flatMap((one) => ("stop" in one ? [one.stop.number] : []));
  adapter.groups.set(group, numbers);
  return placed;
}

/** A breakpoint as an editor is told of it. */
export const breakpointOf = (placed: Placed): DebugProtocol.Breakpoint =>
  "stop" in placed
    ? { id: placed.stop.number, verified: true }
    : { verified: false, message: placed.error };
